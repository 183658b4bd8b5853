/* timer.h: what a process guest sleeps on besides its devices. Source: the Solo5 ABI facts, section 3. */
#ifndef TENDER_SPT_TIMER_H
#define TENDER_SPT_TIMER_H

struct message;

/* Creates the guest's timer and adds it to EPOLL. 0 with *TIMER filled, or a negative errno with MESSAGE. */
int timer_open(int epoll, int *timer, struct message *message);

#endif
