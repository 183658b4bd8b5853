/*
 * timestamp.h: GeneralizedTime as the protocol writes it (Albatross protocol facts, section 2).
 *
 * Times are milliseconds since 1970 UTC, without leap seconds; years 0 to 9999.
 */
#ifndef WIRE_TIMESTAMP_H
#define WIRE_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_TIME_SIZE 20 /* YYYYMMDDHHMMSS.fffZ and a NUL */

/*
 * Reads YYYYMMDDHH[MM[SS[.f]]] with one to three digits f, which count milliseconds whatever their number,
 * and a zone: Z, +hhmm, -hhmm, or none for UTC. Second 60 is the next minute's first. False: not such a time.
 */
bool wire_time_parse(const uint8_t *data, size_t size, int64_t *time_ms);

/* Writes the time in UTC, the fraction only where it is not zero. Returns its length, or 0: no such year. */
size_t wire_time_print(int64_t time_ms, char text[static WIRE_TIME_SIZE]);

#endif
