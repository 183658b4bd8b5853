/* signals.h: how signals end the VM tender. */
#ifndef TENDER_HVT_SIGNALS_H
#define TENDER_HVT_SIGNALS_H

struct message;

/*
 * From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT end the tender PROGRAM with "Exiting on signal N" and
 * status 1, wherever it is: in the guest, asleep, or stuck in a console that nobody reads. 0, or a negative
 * errno with MESSAGE filled.
 */
int signals_catch(const char *program, struct message *message);

#endif
