/* fuzz_dns.c: any bytes as a DNS message: a question that is taken is answered in the space for answers, and
 * the answer carries the same question. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "net/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t address[16] = {0xfd};
    uint8_t space[DNS_HEADER_SIZE + DNS_QUESTION_MAX + 32];
    struct dns_question question, again;
    struct frame_writer writer = frame_write(space, sizeof space);
    if (!dns_read(&question, data, size))
        return 0;
    if (memchr(question.name, '\0', sizeof question.name) == NULL)
        abort();
    dns_write(&writer, &question, DNS_FLAG_OWN, DNS_OK, address, size % 2 == 0 ? 4 : 16);
    if (writer.full || !dns_read(&again, space, frame_written(&writer)) || !dns_is_same(&question, &again) ||
        again.id != question.id || !(again.flags & DNS_FLAG_RESPONSE))
        abort();
    return 0;
}
