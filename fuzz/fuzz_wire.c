/* Whatever the decoder takes, the encoder writes, and the decoder takes that again as the same value. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/buffer.h"
#include "host/error.h"
#include "wire_types.h"

union value {
    struct wire_wire wire;
    struct wire_cert_extension extension;
    struct wire_state_file state;
};

static void check(const struct wire_type *type, const uint8_t *data, size_t size)
{
    cleanup_wire_arena struct wire_arena arena = {.limit = 1 << 20};
    cleanup_wire_arena struct wire_arena again_arena = {.limit = 1 << 20};
    cleanup_buffer struct buffer first = {0};
    cleanup_buffer struct buffer second = {0};
    union value value, again;
    struct error err = {0};
    if (wire_decode(type, data, size, &arena, &value, &err) < 0) {
        if (err.code == 0 || err.text[0] == '\0')
            abort();
        return;
    }
    if (wire_encode(type, &value, &first, &err) < 0)
        abort();
    if (wire_decode(type, first.data, first.size, &again_arena, &again, &err) < 0)
        abort();
    if (wire_encode(type, &again, &second, &err) < 0)
        abort();
    if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(&wire_type_wire, data, size);
    check(&wire_type_cert_extension, data, size);
    check(&wire_type_state_file, data, size);
    return 0;
}
