/* response.c: what an operation answers; see response.h. */
#include "response.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/error.h"
#include "stream.h"
#include "text.h"

void response_free(struct response *response)
{
    json_decref(response->json);
    stream_close(response->stream);
    memset(response, 0, sizeof *response);
}

void response_json(struct response *response, unsigned status, json_t *json)
{
    if (json == NULL) {
        response_error(response, 500, "", "answer request: out of memory");
        return;
    }
    response->status = status;
    response->json = json;
}

void response_empty(struct response *response, unsigned status)
{
    response->status = status;
    response->data = "";
}

static void set_error(struct response *response, unsigned status, const char *what, const char *hint)
{
    /* Texts of the daemon and of the request may have been cut in the middle of a character. */
    char clean_what[3 * 512 + 1];
    char clean_hint[3 * 512 + 1];
    text_repair((const uint8_t *)what, strnlen(what, 512), clean_what);
    text_repair((const uint8_t *)hint, strnlen(hint, 512), clean_hint);
    response->status = status;
    json_decref(response->json);
    response->json = json_pack("{s:{s:s, s:s}}", "error", "what", clean_what, "hint", clean_hint);
    if (response->json == NULL)
        response->data = "";
}

void response_error(struct response *response, unsigned status, const char *hint, const char *format, ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    set_error(response, status, what, hint);
}

void response_failure(struct response *response, unsigned status, const struct error *err)
{
    set_error(response, status, err->text, err->hint);
}

void response_header(struct response *response, const char *name, const char *format, ...)
{
    if (response->header_count == RESPONSE_HEADERS_MAX)
        return;
    char *value = response->headers[response->header_count].value;
    va_list args;
    va_start(args, format);
    int size = vsnprintf(value, sizeof response->headers[0].value, format, args);
    va_end(args);
    if (size >= 0 && (size_t)size < sizeof response->headers[0].value)
        response->headers[response->header_count++].name = name;
}
