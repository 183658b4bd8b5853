/*
 * overlay.h: included before those sources of musl that ask for the current locale.
 *
 * musl keeps it in the thread's descriptor, found through the TLS base, which is 0 in an image without
 * threads. There is one locale, and it is C with UTF-8.
 */
#include "libos/libc/license.h"

#include "locale_impl.h"

#undef CURRENT_LOCALE
#undef CURRENT_UTF8
#undef MB_CUR_MAX
#define CURRENT_LOCALE UTF8_LOCALE
#define CURRENT_UTF8   1
#define MB_CUR_MAX     4
