/*
 * build_link_errors.c: what a missing symbol means, and what to use in its place.
 *
 * A unikernel that calls what it cannot have is refused when it is linked, never while it runs. The linker
 * says that with the object's name and a quote; here it becomes the line of the source, who called, and the
 * way out. Read are GNU ld's messages: "FILE.c:LINE: undefined reference to `NAME'" after "in function
 * `CALLER':".
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"

#define SYMBOLS_MAX 64 /* explained; more are counted */
#define CALLS_MAX   8  /* shown of one symbol */
#define NAME_SIZE   128
#define PLACE_SIZE  512

static const struct {
    const char *names; /* with a space before and after each */
    const char *advice;
} advices[] = {
    {" fork vfork _Fork clone posix_spawn posix_spawnp execve execv execvp execvpe execl execlp execle "
     "fexecve system popen pclose wait waitpid waitid wait3 wait4 ptrace daemon ",
     "a unikernel is one program: deploy a second unikernel, and talk to it over the network"},
    {" dlopen dlsym dlclose dlerror dladdr ", "an image is complete when it is built: link the code in"},
    {" pthread_cancel ", "threads are not interrupted: let the thread look at a flag and return"},
    {" kill killpg sigqueue alarm ualarm setitimer pause sigsuspend sigwait sigwaitinfo sigtimedwait "
     "signalfd timer_create ",
     "nobody sends signals to a unikernel: it is ended from outside; for time, timerfd_create() or a thread "
     "that sleeps"},
    {" syscall ", "call the C library's function instead: the linker must see which call it is"},
    {" setuid setgid seteuid setegid setreuid setregid setresuid setresgid initgroups chroot ",
     "there are no users: what the unikernel may do is decided where it is deployed"},
    {" shm_open shm_unlink shmget semget msgget mq_open ",
     "there is one process: share memory between its threads"},
    {" mount umount umount2 ", "what is mounted is decided when the image is built"},
    {" sendfile splice aio_read aio_write aio_suspend lio_listio ",
     "read() and write(), in a thread if nothing may wait"},
    {" main ", "define int main(int argc, char **argv), or solo5_app_main() for the bare interface"},
    {" bivy_files bivy_files_count ", "this image was linked without the tables that bivy build makes"},
};

struct missing {
    char name[NAME_SIZE];
    size_t calls; /* counted; places has the first CALLS_MAX */
    struct {
        char place[PLACE_SIZE], caller[NAME_SIZE];
    } places[CALLS_MAX];
};

struct report {
    size_t count;
    struct missing *symbols; /* SYMBOLS_MAX */
    char caller[NAME_SIZE];
    char folder[PATH_MAX]; /* the current one, with a slash: places are shown relative to it */
};

/* Copies what stands between ` and ' after MARK in LINE; false if that is not there. */
static bool quoted_after(const char *line, const char *mark, char name[static NAME_SIZE])
{
    const char *start = strstr(line, mark);
    const char *end = start ? strchr(start + strlen(mark), '\'') : NULL;

    if (!end)
        return false;
    start += strlen(mark);
    snprintf(name, NAME_SIZE, "%.*s", (int)(end - start < NAME_SIZE ? end - start : NAME_SIZE - 1), start);
    return true;
}

static struct missing *find_symbol(struct report *report, const char *name)
{
    for (size_t i = 0; i < report->count && i < SYMBOLS_MAX; i++) {
        if (strcmp(report->symbols[i].name, name) == 0)
            return &report->symbols[i];
    }
    if (report->count++ >= SYMBOLS_MAX)
        return NULL;
    strcpy(report->symbols[report->count - 1].name, name);
    return &report->symbols[report->count - 1];
}

/* What stands behind the linker's own name, "/usr/bin/ld: " or "ld.bfd: ", where LINE begins with it. */
static const char *skip_program(const char *line)
{
    static const char *const names[] = {"ld: ", "ld.bfd: "};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *name = strstr(line, names[i]);
        if (name && (name == line || name[-1] == '/') && name < line + strcspn(line, ":"))
            return name + strlen(names[i]);
    }
    return line;
}

/* Where in LINE the source's place stands: from *START, so many bytes. */
static size_t place_of(const struct report *report, const char *line, const char **start)
{
    const char *end = strstr(line, ": undefined reference to `");

    *start = skip_program(line);
    if (strncmp(*start, report->folder, strlen(report->folder)) == 0)
        *start += strlen(report->folder);
    return (size_t)(end - *start);
}

static void add_call(struct report *report, const char *line)
{
    char name[NAME_SIZE];
    struct missing *symbol;
    const char *place;
    size_t size;

    if (!quoted_after(line, "undefined reference to `", name))
        return;
    symbol = find_symbol(report, name);
    if (!symbol || symbol->calls++ >= CALLS_MAX || !strstr(line, ": undefined reference to `"))
        return;
    size = place_of(report, line, &place);
    snprintf(symbol->places[symbol->calls - 1].place, PLACE_SIZE, "%.*s",
             (int)(size < PLACE_SIZE ? size : PLACE_SIZE - 1), place);
    strcpy(symbol->places[symbol->calls - 1].caller, report->caller);
}

static const char *advice_for(const char *name)
{
    char word[NAME_SIZE + 2];

    snprintf(word, sizeof word, " %s ", name);
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
        if (strstr(advices[i].names, word))
            return advices[i].advice;
    }
    return NULL;
}

static void print_symbol(const struct missing *symbol, FILE *out)
{
    const char *advice = advice_for(symbol->name);

    for (size_t i = 0; i < symbol->calls && i < CALLS_MAX; i++)
        fprintf(out, "%s: error: '%s' does not exist in a unikernel (called by %s)\n",
                symbol->places[i].place, symbol->name,
                symbol->places[i].caller[0] ? symbol->places[i].caller : "the image");
    if (symbol->calls > CALLS_MAX)
        fprintf(out, "  and called in %zu more places\n", symbol->calls - CALLS_MAX);
    if (advice)
        fprintf(out, "  hint: %s\n", advice);
}

static void read_line(struct report *report, const char *line)
{
    char caller[NAME_SIZE];

    if (strstr(line, "undefined reference to `"))
        add_call(report, line);
    else if (quoted_after(line, "in function `", caller))
        strcpy(report->caller, caller);
}

size_t build_link_explain(const char *messages, FILE *out)
{
    struct report report = {.symbols = calloc(SYMBOLS_MAX, sizeof(struct missing))};
    char *copy = strdup(messages), *rest = copy, *line;

    if (report.symbols && copy) {
        if (getcwd(report.folder, sizeof report.folder - 1))
            strcat(report.folder, "/");
        while ((line = strsep(&rest, "\n")))
            read_line(&report, line);
        for (size_t i = 0; i < report.count && i < SYMBOLS_MAX; i++)
            print_symbol(&report.symbols[i], out);
    }
    free(copy);
    free(report.symbols);
    return report.count;
}
