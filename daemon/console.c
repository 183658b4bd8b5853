/* console.c: lines out of rings; see console.h. */
#define _GNU_SOURCE
#include "console.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connection.h"
#include "daemon.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"
#include "keep/ring.h"
#include "scope.h"
#include "unikernel.h"

#define CONSOLE_SUFFIX ".ring"

struct console_reader {
    struct ring *ring;
    uint64_t position;     /* of the next record */
    struct ring_text text; /* the record at hand */
    size_t at;             /* in its bytes */
    bool have;
    bool fresh;   /* the record at hand has not been looked at */
    bool shown;   /* the beginning of this line has been given out: an end alone is none */
    uint64_t end; /* of the bytes taken last */
    bool kept;    /* the next line is KEPT_LINE: a search went one too far */
    struct console_line kept_line;
    int64_t partial_ms;
    size_t partial_size;
    uint8_t partial[CONSOLE_LINE_MAX];
    char line[3 * CONSOLE_LINE_MAX + 1]; /* a byte that is no UTF-8 becomes three */
};

int console_directory(const char *state_dir, struct error *err)
{
    char path[PATH_MAX];
    int result = path_join(path, state_dir, "consoles", err);
    if (result == 0)
        result = path_make_directory(path, err);
    if (result < 0)
        return result;
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return directory < 0 ? error_set(err, errno, "open consoles", path, NULL) : directory;
}

int console_open(const struct daemon *daemon, const char *name, bool make, struct error *err)
{
    char file[SCOPE_NAME_SIZE + sizeof CONSOLE_SUFFIX];
    snprintf(file, sizeof file, "%s" CONSOLE_SUFFIX, name);
    cleanup_fd int fd =
        openat(daemon->console_dir, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0), 0600);
    if (fd < 0)
        return error_set(err, errno, "open console", name, "%s",
                         errno == ENOENT ? "not found" : strerror(errno));
    int result = make ? ring_format(fd, RING_CAPACITY, err) : 0;
    return result < 0 ? result : fd_take(&fd);
}

int console_each(const struct daemon *daemon, const char *query, int (*function)(void *, const char *),
                 void *context)
{
    int fd = openat(daemon->console_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    int result = 0;
    if (list == NULL) {
        fd_close(&fd);
        return -EIO;
    }
    for (struct dirent *entry; result == 0 && (entry = readdir(list)) != NULL;) {
        char *suffix = strstr(entry->d_name, CONSOLE_SUFFIX);
        if (suffix == NULL || suffix[sizeof CONSOLE_SUFFIX - 1] != '\0')
            continue;
        *suffix = '\0';
        if (strchr(entry->d_name, ':') != NULL && scope_matches(query, entry->d_name))
            result = function(context, entry->d_name);
    }
    closedir(list);
    return result;
}

struct oldest {
    const struct daemon *daemon;
    size_t count;
    struct timespec time;
    char name[SCOPE_NAME_SIZE];
};

static int consider(void *context, const char *name)
{
    struct oldest *oldest = context;
    char file[SCOPE_NAME_SIZE + sizeof CONSOLE_SUFFIX];
    struct stat status;
    snprintf(file, sizeof file, "%s" CONSOLE_SUFFIX, name);
    if (unikernel_find(oldest->daemon, name) != NULL ||
        fstatat(oldest->daemon->console_dir, file, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    bool older =
        status.st_mtim.tv_sec < oldest->time.tv_sec ||
        (status.st_mtim.tv_sec == oldest->time.tv_sec && status.st_mtim.tv_nsec < oldest->time.tv_nsec);
    if (oldest->count++ == 0 || older) {
        oldest->time = status.st_mtim;
        snprintf(oldest->name, sizeof oldest->name, "%s", name);
    }
    return 0;
}

void console_prune(struct daemon *daemon)
{
    struct oldest oldest = {.daemon = daemon};
    char file[SCOPE_NAME_SIZE + sizeof CONSOLE_SUFFIX];
    console_each(daemon, ":", consider, &oldest);
    if (oldest.count <= CONSOLE_INACTIVE_MAX)
        return;
    snprintf(file, sizeof file, "%s" CONSOLE_SUFFIX, oldest.name);
    unlinkat(daemon->console_dir, file, 0);
}

struct console_reader *console_reader_open(const struct daemon *daemon, const char *name, struct error *err)
{
    cleanup_fd int fd = console_open(daemon, name, false, err);
    if (fd < 0)
        return NULL;
    struct console_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        error_set(err, ENOMEM, "open console", name, NULL);
        return NULL;
    }
    reader->ring = ring_map(fd, err);
    if (reader->ring != NULL)
        return reader;
    free(reader);
    return NULL;
}

void console_reader_close(struct console_reader *reader)
{
    if (reader == NULL)
        return;
    ring_unmap(reader->ring);
    free(reader);
}

/* The length of the UTF-8 character at P, or 0 (RFC 3629: no overlong form, no surrogate). */
static size_t utf8_length(const uint8_t *p, size_t size)
{
    size_t length = p[0] < 0x80                   ? 1
                    : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
                    : (p[0] & 0xf0) == 0xe0       ? 3
                    : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                                  : 0;
    if (length == 0 || length > size || p[0] == 0)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] >= 0x90))
        return 0;
    return length;
}

/* Makes the line of the partial one. */
static void finish_line(struct console_reader *reader, uint64_t id, struct console_line *line)
{
    size_t size = reader->partial_size;
    size_t to = 0;
    if (size > 0 && reader->partial[size - 1] == '\r')
        size--;
    for (size_t from = 0; from < size;) {
        size_t length = utf8_length(reader->partial + from, size - from);
        if (length == 0) {
            memcpy(reader->line + to, "\xef\xbf\xbd", 3);
            to += 3;
            from++;
            continue;
        }
        memcpy(reader->line + to, reader->partial + from, length);
        to += length;
        from += length;
    }
    reader->line[to] = '\0';
    reader->partial_size = 0;
    *line = (struct console_line){.id = (int64_t)id, .time_ms = reader->partial_ms, .text = reader->line};
}

/* Takes bytes of the record at hand up to the end of a line. */
static bool take_bytes(struct console_reader *reader, struct console_line *line)
{
    const struct ring_text *text = &reader->text;
    while (reader->at < text->record.size) {
        uint8_t byte = text->data[reader->at++];
        bool rest = reader->shown && reader->partial_size == 0;
        reader->partial_ms = text->record.time_ns / 1000000;
        reader->end = text->position + reader->at;
        reader->shown = rest && byte == '\r';
        if (rest && (byte == '\n' || byte == '\r'))
            continue;
        if (byte != '\n')
            reader->partial[reader->partial_size++] = byte;
        if (byte != '\n' && reader->partial_size < CONSOLE_LINE_MAX)
            continue;
        finish_line(reader, text->position + reader->at, line);
        return true;
    }
    reader->have = false;
    return false;
}

/* The record at hand is new: what does it end? */
static bool begin_record(struct console_reader *reader, struct console_line *line)
{
    const struct ring_text *text = &reader->text;
    int64_t time_ms = text->record.time_ns / 1000000;
    if (text->lost > 0) {
        snprintf(reader->line, sizeof reader->line, "[%llu bytes lost]", (unsigned long long)text->lost);
        reader->partial_size = 0;
        reader->shown = false;
        *line =
            (struct console_line){.id = (int64_t)text->position, .time_ms = time_ms, .text = reader->line};
        return true;
    }
    if (text->record.kind != RING_TEXT)
        reader->shown = false;
    if (text->record.kind != RING_TEXT && reader->partial_size > 0) {
        finish_line(reader, text->position + 1, line);
        return true;
    }
    return false;
}

bool console_reader_next(struct console_reader *reader, struct console_line *line)
{
    if (reader->kept) {
        reader->kept = false;
        *line = reader->kept_line;
        return true;
    }
    for (;;) {
        bool fresh = reader->fresh;
        reader->fresh = false;
        if (fresh && begin_record(reader, line))
            return true;
        if (reader->have && take_bytes(reader, line))
            return true;
        if (ring_read(reader->ring, &reader->position, &reader->text) == 0)
            return false;
        reader->have = true;
        reader->fresh = true;
        reader->at = 0;
    }
}

/* Bytes at the end that begin a character: they wait for the rest of it. */
static bool ends_in_character(const struct console_reader *reader)
{
    size_t size = reader->partial_size;
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        uint8_t byte = reader->partial[size - back];
        if ((byte & 0xc0) == 0xc0)
            return byte >= 0xf0 ? back < 4 : byte >= 0xe0 ? back < 3 : back < 2;
        if ((byte & 0xc0) != 0x80)
            break;
    }
    return false;
}

bool console_reader_partial(const struct console_reader *reader)
{
    return reader->partial_size > 0;
}

bool console_reader_flush(struct console_reader *reader, struct console_line *line)
{
    if (reader->partial_size == 0 || reader->partial[reader->partial_size - 1] == '\r' ||
        ends_in_character(reader))
        return false;
    finish_line(reader, reader->end, line);
    reader->shown = true;
    return true;
}

static void reader_rewind(struct console_reader *reader)
{
    reader->position = 0;
    reader->have = false;
    reader->fresh = false;
    reader->shown = false;
    reader->kept = false;
    reader->partial_size = 0;
}

void console_reader_tail(struct console_reader *reader, size_t count)
{
    struct console_line line;
    size_t lines = 0;
    reader_rewind(reader);
    while (console_reader_next(reader, &line))
        lines++;
    reader_rewind(reader);
    for (size_t skipped = 0; lines > count && skipped < lines - count; skipped++)
        if (!console_reader_next(reader, &line))
            return;
}

/* An id is where what was read ends, also within a line whose beginning was given out: go on right there. */
void console_reader_after(struct console_reader *reader, int64_t id)
{
    const struct ring_text *text = &reader->text;
    uint64_t from = id > 0 ? (uint64_t)id : 0;
    bool first = true;
    reader_rewind(reader);
    while (ring_read(reader->ring, &reader->position, &reader->text) != 0) {
        bool is_text = text->record.kind == RING_TEXT;
        uint64_t end = text->position + text->record.size + !is_text;
        /* A record's header and padding lie between its last byte and the next record. */
        if (first && from > 0 && text->position > from + 2 * RING_ALIGNMENT)
            reader->text.lost = text->position - from;
        first = false;
        if (end <= from) {
            reader->shown =
                is_text && end == from && text->record.size > 0 && text->data[text->record.size - 1] != '\n';
            continue;
        }
        reader->have = true;
        reader->fresh = text->position > from || from == 0;
        reader->at = text->position < from ? (size_t)(from - text->position) : 0;
        if (reader->at > 0)
            reader->shown = text->data[reader->at - 1] != '\n';
        return;
    }
}

/* Passes over the lines that are not wanted, once: the writer may overtake, so that a second count would not
 * be that of the same lines. */
void console_reader_since(struct console_reader *reader, int64_t time_ms)
{
    struct console_line *line = &reader->kept_line;
    reader_rewind(reader);
    while (console_reader_next(reader, line)) {
        if (line->time_ms < time_ms)
            continue;
        reader->kept = true;
        return;
    }
}

void console_reader_ask(struct console_reader *reader)
{
    ring_ask(reader->ring);
}

void console_appended(struct daemon *daemon, uint64_t id)
{
    const struct unikernel *unikernel = unikernel_find_id(daemon, (int64_t)id);
    if (unikernel != NULL)
        connection_console_more(daemon, unikernel->name);
}
