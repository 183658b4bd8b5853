/* futex.h: waking those who wait for a word. */
#ifndef LIBOS_POSIX_FUTEX_H
#define LIBOS_POSIX_FUTEX_H

/* Wakes at most MOST threads that wait for WORD; how many. */
int futex_wake(const int *word, int most);

#endif
