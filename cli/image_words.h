/* image_words.h: the words that the command line uses for what is in an image. */
#ifndef CLI_IMAGE_WORDS_H
#define CLI_IMAGE_WORDS_H

#include <stdint.h>

/* The name of an enum abi_target, "spt", or "unknown". */
const char *image_target_name(uint32_t target);

/* "net", "block" or "unknown". */
const char *image_device_type_name(uint32_t type);

/* IMAGE_SEGMENT_* as "rwx", '-' for what is absent. */
void image_flags_print(uint32_t flags, char text[static 4]);

#endif
