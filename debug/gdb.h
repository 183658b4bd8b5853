/*
 * gdb.h: lets gdb drive a guest, by its remote protocol on a loopback port.
 *
 * gdb itself cannot attach: the guest is traced already, and its sandbox has no descriptors to spare. The
 * port is on 127.0.0.1; whoever reaches it controls the guest and nothing else: addresses outside of the
 * guest's memory are refused.
 */
#ifndef DEBUG_GDB_H
#define DEBUG_GDB_H

#include <stdint.h>

struct error;
struct gdb;
struct guest;

/* Listens on PORT (0: a free one; *PORT becomes it). NULL with ERR filled. GUEST is borrowed. */
struct gdb *gdb_open(struct guest *guest, uint16_t *port, struct error *err);
void gdb_close(struct gdb *gdb);

/* The descriptor to wait for, and what to do when it is readable. */
int gdb_fd(const struct gdb *gdb);
void gdb_step(struct gdb *gdb);

/* The guest stopped by SIGNAL and stays so until gdb says otherwise. */
void gdb_stopped(struct gdb *gdb, int number);

/* The guest is about to end with STATUS, in the form of waitpid(). */
void gdb_ended(struct gdb *gdb, int status);

#endif
