/* image.h: the operations on images in the daemon's store. */
#ifndef WEB_SERVER_IMAGE_H
#define WEB_SERVER_IMAGE_H

#include "operation.h"

operation_function image_list, image_get, image_remove;

/* Gives the daemon SIZE bytes of FD as an image. The image as JSON, a new reference; NULL and an answer on
 * failure: 422 when the bytes are no image it takes. */
json_t *image_add(struct server *server, int fd, int64_t size, struct response *response);

#endif
