/* arguments.h: the guest's boot arguments as the one text it is given. */
#ifndef TENDER_COMMON_ARGUMENTS_H
#define TENDER_COMMON_ARGUMENTS_H

#include <stddef.h>

/*
 * Joins ARGUMENTS (NULL-terminated) by single spaces at TO, which has SIZE bytes for them and their NUL. 0,
 * or -E2BIG if they do not fit. Writes no more than the text needs: the rest of the guest's memory stays
 * untouched.
 */
int arguments_join(char *to, size_t size, const char *const *arguments);

#endif
