/*
 * tls.c: static thread-local storage, variant II: the area ends at the thread pointer, whose own word
 * follows. Source: the Solo5 ABI facts, section 1.3.
 *
 * The lengths are absolute symbols of the linker script, so their addresses are their values.
 */
#include <solo5.h>

extern const uint8_t _stdata[], _ltdata[], _ltbss[];

size_t solo5_tls_size(void)
{
    return (uintptr_t)_ltdata + (uintptr_t)_ltbss + sizeof(uintptr_t);
}

uintptr_t solo5_tls_tp_offset(uintptr_t tls)
{
    return tls + (uintptr_t)_ltdata + (uintptr_t)_ltbss;
}

solo5_result_t solo5_tls_init(uintptr_t tls)
{
    uint8_t *area = (uint8_t *)tls;
    uintptr_t pointer = solo5_tls_tp_offset(tls);

    for (size_t i = 0; i < (uintptr_t)_ltdata; i++)
        area[i] = _stdata[i];
    for (size_t i = (uintptr_t)_ltdata; i < pointer - tls; i++)
        area[i] = 0;
    *(uintptr_t *)pointer = pointer;
    return SOLO5_R_OK;
}
