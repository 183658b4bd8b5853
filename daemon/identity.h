/*
 * identity.h: a user of its own for each unikernel, where the daemon is root.
 *
 * Two tenders of one user could signal and trace each other if one broke out of its filter; with a uid each
 * they are strangers to one another, to the daemon and to every account of the host. The range lies above
 * those that accounts, subordinate ids and containers are given. An ordinary user's daemon has no other uid
 * to give.
 */
#ifndef DAEMON_IDENTITY_H
#define DAEMON_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

struct unikernel;

#define IDENTITY_FIRST 1900000000u
#define IDENTITY_COUNT 65536u

/* The uid (and gid) for the unikernel's tender PROGRAM; 0: the daemon's own. No other that has a process has
 * the same. */
uid_t identity_choose(struct unikernel *unikernel, const char *program);

#endif
