/*
 * log.h: the daemons' log: one line an event on standard error, which a service manager keeps.
 *
 * "TIME LEVEL PROGRAM: text"; time in RFC 3339 UTC with milliseconds.
 */
#ifndef HOST_LOG_H
#define HOST_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct error;

/* Sets the program's name (borrowed: must live on) and the highest level that is printed. */
void log_open(const char *program, enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Logs a failure with its hint, at level error. */
void log_failure(const struct error *err);

#endif
