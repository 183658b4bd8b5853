/* event.h: the operation that follows what happens to unikernels. */
#ifndef WEB_SERVER_EVENT_H
#define WEB_SERVER_EVENT_H

#include "operation.h"

operation_function event_follow;

#endif
