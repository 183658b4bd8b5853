/* convert.h: Albatross's configurations, of every version, in the form of ours (Albatross protocol facts,
 * section 3). */
#ifndef DAEMON_CONVERT_H
#define DAEMON_CONVERT_H

#include "wire_types.h"

struct error;

/* The command's configuration as a Deploy (its image is left out) with arrays from ARENA. 0, -EINVAL,
 * -EOPNOTSUPP or -ENOMEM. */
int convert_config(const struct wire_config *config, struct wire_arena *arena, struct wire_deploy *deploy,
                   struct error *err);
int convert_config_v3(const struct wire_config_v3 *config, struct wire_arena *arena,
                      struct wire_deploy *deploy, struct error *err);
int convert_config_v4(const struct wire_config_v4 *config, struct wire_arena *arena,
                      struct wire_deploy *deploy, struct error *err);
int convert_restart(const struct wire_unikernel_cmd_restart *restart, struct wire_arena *arena,
                    struct wire_deploy *deploy, struct error *err);

/* The way back: how Albatross calls a restart policy, and a network as a bridge. */
struct wire_fail_behaviour convert_fail_behaviour(const struct wire_restart *restart);
struct wire_bytes convert_bridge(struct wire_bytes network);

#endif
