/* dns_message.c: see dns_message.h. A question's name is never compressed: pointers are refused. */
#include "dns_message.h"

#include <strings.h>

#define DNS_LABEL_MAX  63u
#define DNS_TTL_S      10u
#define DNS_OPCODE     0x7800u
#define DNS_NAME_AGAIN 0xc00cu /* a pointer to the question's name */

static bool read_name(char name[static NET_NAME_SIZE], struct frame_reader *reader)
{
    size_t length = 0;
    for (;;) {
        size_t size = frame_take8(reader);
        if (size == 0)
            break;
        const uint8_t *label = size <= DNS_LABEL_MAX ? frame_take(reader, size) : NULL;
        /* A zero or a dot inside a label would make two names one. */
        if (label == NULL || length + size + 2 > NET_NAME_SIZE || memchr(label, '\0', size) != NULL ||
            memchr(label, '.', size) != NULL)
            return false;
        if (length > 0)
            name[length++] = '.';
        memcpy(name + length, label, size);
        length += size;
    }
    name[length] = '\0';
    return !reader->bad;
}

bool dns_read(struct dns_question *question, const uint8_t *message, size_t size)
{
    struct frame_reader reader = frame_read(message, size);
    *question = (struct dns_question){0};
    question->id = frame_take16(&reader);
    question->flags = frame_take16(&reader);
    uint16_t questions = frame_take16(&reader);
    frame_take(&reader, 6);
    const uint8_t *start = reader.at;
    if (reader.bad || questions != 1 || !read_name(question->name, &reader))
        return false;
    question->type = frame_take16(&reader);
    question->class = frame_take16(&reader);
    question->question_size = (size_t)(reader.at - start);
    if (reader.bad || question->question_size > DNS_QUESTION_MAX || (question->flags & DNS_OPCODE) != 0)
        return false;
    memcpy(question->question, start, question->question_size);
    return true;
}

bool dns_is_same(const struct dns_question *a, const struct dns_question *b)
{
    return a->type == b->type && a->class == b->class && strcasecmp(a->name, b->name) == 0;
}

void dns_write(struct frame_writer *writer, const struct dns_question *question, uint16_t flags,
               enum dns_result result, const uint8_t *address, size_t size)
{
    frame_put16(writer, question->id);
    frame_put16(writer, (uint16_t)(DNS_FLAG_RESPONSE | DNS_FLAG_OFFERED | (question->flags & DNS_FLAG_ASKED) |
                                   flags | (uint16_t)result));
    frame_put16(writer, 1);
    frame_put16(writer, size > 0);
    frame_put32(writer, 0);
    frame_put(writer, question->question, question->question_size);
    if (size == 0)
        return;
    frame_put16(writer, DNS_NAME_AGAIN);
    frame_put16(writer, question->type);
    frame_put16(writer, question->class);
    frame_put32(writer, DNS_TTL_S);
    frame_put16(writer, (uint16_t)size);
    frame_put(writer, address, size);
}
