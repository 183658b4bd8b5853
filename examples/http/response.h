/*
 * response.h: decides what to answer to a request, and writes the head of the answer.
 *
 * Pure like request.h: which bytes of which file, and the header fields; sending them is connection.c's.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "request.h"

#define RESPONSE_HEAD_MAX 768 /* bytes; a redirect's target is the longest part */

struct response {
    int status;
    char head[RESPONSE_HEAD_MAX];
    size_t head_size;
    const uint8_t *body; /* lives as long as the program */
    size_t body_size;
    bool keep_alive;
};

/* The answer to a request that was read. */
void response_make(struct response *response, const struct request *request);

/* The answer to one that could not be read: STATUS as of request_parse(), positive. */
void response_refuse(struct response *response, int status);

#endif
