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
     "fexecve system "
     "popen wait waitpid wait4 ",
     "a unikernel is one program: deploy a second unikernel, and talk to it over the network"},
    {" dlopen dlsym dlclose dlerror ", "an image is complete when it is built: link the code in"},
    {" pthread_create pthread_join pthread_mutex_lock pthread_mutex_unlock pthread_cond_wait pthread_self "
     "thrd_create sem_wait sem_init ",
     "there are no threads yet: net_run() (bivy/net.h) drives callbacks, and nothing preempts them"},
    {" socket bind listen accept accept4 connect send sendto sendmsg recv recvfrom recvmsg setsockopt "
     "getsockopt "
     "getsockname shutdown socketpair ",
     "there are no sockets yet: use lwip/tcp.h or lwip/udp.h, started by net_start() (bivy/net.h)"},
    {" getaddrinfo gethostbyname getnameinfo freeaddrinfo ", "use dns_gethostbyname() (lwip/dns.h)"},
    {" select poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait kqueue ",
     "net_run() (bivy/net.h) waits for everything and calls you back"},
    {" open openat creat fopen fdopen freopen fread fclose fseek ftell fgets fgetc getc opendir readdir stat "
     "lstat "
     "fstat access mkdir unlink rename remove tmpfile mkstemp ",
     "files of the folder root/ are in the image: files_find() (bivy/files.h); to keep data, "
     "solo5_block_write() "
     "(solo5.h)"},
    {" read write close lseek pread pwrite fcntl ioctl dup dup2 pipe pipe2 ",
     "there are no descriptors: printf() writes to the console, lwip/tcp.h to the network, "
     "solo5_block_write() to a "
     "block device"},
    {" getchar scanf gets getline getdelim __stdin_FILE stdin ",
     "there is no standard input: pass boot arguments (argv)"},
    {" mmap munmap mprotect brk sbrk shm_open ", "memory is one region: malloc() or aligned_alloc()"},
    {" signal sigaction sigprocmask kill raise alarm setitimer pause sigaltstack ",
     "there are no signals: the unikernel is ended from outside, and ends itself by exit()"},
    {" sleep usleep nanosleep clock_nanosleep sched_yield ",
     "net_run(DEADLINE) (bivy/net.h) or solo5_yield(DEADLINE) (solo5.h) waits, and lets the network work "
     "meanwhile"},
    {" gettimeofday ftime localtime localtime_r mktime ctime tzset ",
     "use clock_gettime() or time(), and gmtime(): a unikernel's time zone is UTC"},
    {" getrandom arc4random arc4random_buf random srandom ", "use random_fill() (bivy/random.h)"},
    {" setenv putenv unsetenv ", "there is no environment: pass boot arguments (argv)"},
    {" setlocale newlocale uselocale ", "the locale is C with UTF-8, and stays so"},
    {" getpid getppid getuid geteuid getgid gethostname uname getpwnam getlogin ",
     "there are no users and processes; the unikernel's name is boot_option(BOOT_NAME) (bivy/boot.h)"},
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
