/* unikernel.h: the operations on unikernels, and how one reads as JSON. */
#ifndef WEB_SERVER_UNIKERNEL_H
#define WEB_SERVER_UNIKERNEL_H

#include <stdbool.h>

#include "operation.h"
#include "wire_types.h"

#define UNIKERNEL_NAME_MAX 255 /* bytes of a name in a request */

operation_function unikernel_list, unikernel_get, unikernel_deploy, unikernel_destroy;
operation_function unikernel_stop, unikernel_start, unikernel_restart;

/* A unikernel as the REST interface shows it; a new reference, NULL when out of memory. */
json_t *unikernel_json(const struct wire_unikernel *unikernel);

/* A name of the daemon as people write it: ":web" is "web"; a new reference. */
json_t *unikernel_name_json(struct wire_bytes name);

/* Whether the path's parameter names one unikernel; otherwise answers 422. */
bool unikernel_name_check(const char *name, struct response *response);

#endif
