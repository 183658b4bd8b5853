/* device.h: which devices the image was started with, for who does not know their names. */
#ifndef BIVY_DEVICE_H
#define BIVY_DEVICE_H

#include <stddef.h>

/* The name of the INDEXth network device that is attached, in the order of the manifest, or NULL: there are
 * no more. */
const char *bindings_net_name(size_t index);

#endif
