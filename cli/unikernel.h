/* unikernel.h: what the daemon says of a unikernel, as table rows, as text and as JSON. */
#ifndef CLI_UNIKERNEL_H
#define CLI_UNIKERNEL_H

#include <jansson.h>

#include "output.h"
#include "wire_types.h"

/* A name as a user types it: what stands at the root has no colon in front ("web" for ":web"). */
struct wire_bytes unikernel_name(struct wire_bytes full);

/* The words of enum wire_state_value, wire_tender_value and wire_event_kind_value; "unknown" for a newer
 * daemon's. */
const char *unikernel_state_name(int64_t state);
const char *unikernel_tender_name(int64_t tender);
const char *unikernel_event_name(int64_t kind);

/* In which tone a state is shown. */
enum output_tone unikernel_state_tone(int64_t state);

/* "never", "always", "on-failure" or the codes. */
void unikernel_restart_print(const struct wire_restart *restart, char text[static 64]);

/* "127.0.0.1:8080 -> 80/tcp" */
void unikernel_port_print(const struct wire_deploy_port *port, char text[static 80]);

/* The object that `ps`, `show` and `deploy` print with -o json: one shape everywhere. */
json_t *unikernel_json(const struct wire_unikernel *unikernel);

/* The same for people: the table of `ps`, and the fields of `show`. */
void unikernel_print_table(const struct wire_unikernel_list *list, bool wide);
void unikernel_print(const struct wire_unikernel *unikernel);

#endif
