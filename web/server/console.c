/* console.c: the operation that follows a unikernel's console; see console.h. */
#include "console.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "feed.h"
#include "stream.h"
#include "text.h"
#include "unikernel.h"

#define CONSOLE_TAIL     200 /* lines, where nobody asked for another number */
#define CONSOLE_TAIL_MAX 100000

static int print_line(struct server *server, const struct wire_data *data, struct buffer *out)
{
    (void)server;
    if (data->kind != WIRE_DATA_BIVY || data->u.bivy.kind != WIRE_BIVY_DATA_CONSOLE)
        return 0;
    const struct wire_bivy_data_console *line = &data->u.bivy.u.console;
    char time[CLOCK_TEXT_SIZE];
    clock_print(line->time, time);
    json_t *json = json_pack("{s:s, s:o}", "time", time, "line", text_json(line->line.data, line->line.size));
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    int result = text != NULL ? stream_event(out, line->id, NULL, text) : -ENOMEM;
    free(text);
    return result;
}

/* The daemon ends a stream when the unikernel is gone, and when it goes itself: only the first is the end. */
static void finish(struct server *server, const char *name, struct buffer *out)
{
    cleanup_daemon struct daemon daemon;
    struct response unused = {0};
    struct wire_unikernel unikernel;
    if (daemon_begin(&daemon, server, &unused) &&
        daemon_status(client_show(daemon.client, name, &daemon.arena, &unikernel, &daemon.err),
                      daemon.err.text) == 404)
        stream_event(out, -1, "end", "{}");
    response_free(&unused);
}

static const struct feed_kind console_kind = {print_line, finish};

void console_follow(struct server *server, struct request *request, struct response *response)
{
    cleanup_daemon struct daemon daemon = {0};
    const char *name = request->parameters[0];
    int64_t after;
    int64_t tail;
    if (!unikernel_name_check(name, response) || !feed_after(request, -1, &after, response))
        return;
    if (request_query_number(request, "tail", 0, CONSOLE_TAIL_MAX, CONSOLE_TAIL, &tail) < 0) {
        response_error(response, 400, "", "read request: tail: must be between 0 and %d", CONSOLE_TAIL_MAX);
        return;
    }
    if (daemon_begin(&daemon, server, response) &&
        daemon_check(&daemon, client_console(daemon.client, name, after, tail, true, &daemon.err), response))
        feed_answer(server, request, &daemon, name, &console_kind, response);
}
