/* log.c: the daemons' log; see log.h. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "error.h"

static const char *log_program = "bivy";
static enum log_level log_limit = LOG_LEVEL_INFO;

void log_open(const char *program, enum log_level level)
{
    log_program = program;
    log_limit = level;
}

static void log_line(enum log_level level, const char *format, va_list args)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    if (level > log_limit)
        return;
    struct timespec now;
    struct tm parts;
    char text[1024];
    char when[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &parts);
    vsnprintf(text, sizeof text, format, args);
    for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = '?';
    /* One write a line: lines of several processes that share a log do not mix. */
    dprintf(STDERR_FILENO, "%s.%03ldZ %s %s: %s\n", when, now.tv_nsec / 1000000, names[level], log_program,
            text);
}

#define LOG_FUNCTION(name, level)                                                                            \
    void name(const char *format, ...)                                                                       \
    {                                                                                                        \
        va_list args;                                                                                        \
        va_start(args, format);                                                                              \
        log_line(level, format, args);                                                                       \
        va_end(args);                                                                                        \
    }

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void log_failure(const struct error *err)
{
    if (err->hint[0] != '\0')
        log_error("%s (hint: %s)", err->text, err->hint);
    else
        log_error("%s", err->text);
}
