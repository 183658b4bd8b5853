/* process.c: how a program ends: _Exit(), and abort() and assert() in a sentence, without the streams'
 * weight. */
#include "libos/kernel/report.h"
#include "libos/kernel/say.h"

#include <assert.h>
#include <solo5.h>
#include <stdlib.h>

void _Exit(int status)
{
    report_end();
    solo5_exit(status);
}

void abort(void)
{
    say("abort() was called\n");
    solo5_abort();
}

void __assert_fail(const char *expression, const char *file, int line, const char *function)
{
    say("assertion failed: ");
    say(expression);
    say(" (");
    say(file);
    say(":");
    say_number((unsigned long)line);
    say(": ");
    say(function);
    say(")\n");
    solo5_abort();
}
