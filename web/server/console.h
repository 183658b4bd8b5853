/* console.h: the operation that follows a unikernel's console. */
#ifndef WEB_SERVER_CONSOLE_H
#define WEB_SERVER_CONSOLE_H

#include "operation.h"

operation_function console_follow;

#endif
