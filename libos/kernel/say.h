/* say.h: a few words on the console, without the C library's streams. */
#ifndef LIBOS_SAY_H
#define LIBOS_SAY_H

#include <stdint.h>

/* Prints TEXT; NUMBER in decimal; VALUE as 0x and hexadecimal digits. A line may come in pieces. */
void say(const char *text);
void say_number(unsigned long number);
void say_hex(uintptr_t value);

#endif
