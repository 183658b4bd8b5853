/* memory.h: finding mappings. */
#ifndef LIBOS_POSIX_MEMORY_H
#define LIBOS_POSIX_MEMORY_H

#include <stdint.h>

/* Where the mapping that holds ADDRESS begins, or 0: none does. */
uintptr_t memory_mapping_start(uintptr_t address);

#endif
