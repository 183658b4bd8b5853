/* host.h: the operation that shows what the host offers. */
#ifndef WEB_SERVER_HOST_H
#define WEB_SERVER_HOST_H

#include "operation.h"

operation_function host_get;

#endif
