/* dns_message.h: DNS messages (RFC 1035): reading one question, writing an answer to it. */
#ifndef NET_DNS_MESSAGE_H
#define NET_DNS_MESSAGE_H

#include <bivy/net_control.h>

#include "net/frame.h"

#define DNS_HEADER_SIZE   12u
#define DNS_QUESTION_MAX  (255u + 4u) /* bytes: name, type, class */
#define DNS_FLAG_RESPONSE 0x8000u
#define DNS_FLAG_OWN      0x0400u /* the answer comes from the one who knows */
#define DNS_FLAG_ASKED    0x0100u /* recursion desired */
#define DNS_FLAG_OFFERED  0x0080u /* recursion available */

enum dns_type { DNS_TYPE_A = 1, DNS_TYPE_AAAA = 28, DNS_TYPE_ANY = 255 };
enum dns_result { DNS_OK = 0, DNS_FORMAT_ERROR = 1, DNS_FAILURE = 2, DNS_NO_NAME = 3, DNS_NOT_DONE = 4 };

struct dns_question {
    uint16_t id, flags;
    uint16_t type, class;
    char name[NET_NAME_SIZE];           /* without the last dot; "" for the root */
    uint8_t question[DNS_QUESTION_MAX]; /* as it was sent */
    size_t question_size;
};

/* Reads a message with one question (its answers are not looked at); false if it is none. */
bool dns_read(struct dns_question *question, const uint8_t *message, size_t size);

/* Whether two questions ask the same, letters' case aside. */
bool dns_is_same(const struct dns_question *a, const struct dns_question *b);

/*
 * Writes an answer to QUESTION: RESULT and, if SIZE is not 0, one record of the question's type with SIZE
 * bytes of ADDRESS. FLAGS are added to those that every answer has.
 */
void dns_write(struct frame_writer *writer, const struct dns_question *question, uint16_t flags,
               enum dns_result result, const uint8_t *address, size_t size);

#endif
