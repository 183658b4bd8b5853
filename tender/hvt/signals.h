/* signals.h: how signals end the VM tender. */
#ifndef TENDER_HVT_SIGNALS_H
#define TENDER_HVT_SIGNALS_H

struct message;

/*
 * From now on SIGINT and SIGTERM end the tender with "Exiting on signal N" and status 1, wherever it is: in
 * the guest, asleep, or stuck in a console that nobody reads. 0, or a negative errno with MESSAGE filled.
 */
int signals_catch(struct message *message);

#endif
