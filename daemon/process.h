/* process.h: facts about processes that are not children of the daemon. */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* When a process with this start time (field 22 of /proc/PID/stat) started, in ms since 1970. */
int64_t process_started_ms(uint64_t start_ticks);

/* Kills PID and waits, at most a second, until it is gone. For what is dying already. */
void process_await_death(pid_t pid);

#endif
