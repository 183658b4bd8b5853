/* clock.h: the time of day, as the database keeps it and as people read it. */
#ifndef WEB_SERVER_CLOCK_H
#define WEB_SERVER_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_SIZE 32 /* bytes that hold any text of clock_print() */

/* Milliseconds since 1970 UTC. */
int64_t clock_now_ms(void);

/* Milliseconds of a clock that never steps; for intervals only. */
int64_t clock_monotonic_ms(void);

/* RFC 3339 in UTC with milliseconds: 2026-11-23T10:50:55.123Z. Years outside 0..9999 print as the nearest
 * edge. */
void clock_print(int64_t time_ms, char text[static CLOCK_TEXT_SIZE]);

#endif
