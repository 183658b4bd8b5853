/* account.h: the operations of set-up and session. */
#ifndef WEB_SERVER_ACCOUNT_H
#define WEB_SERVER_ACCOUNT_H

#include "operation.h"

operation_function account_setup_state, account_setup;
operation_function account_sign_in, account_session, account_sign_out;

#endif
