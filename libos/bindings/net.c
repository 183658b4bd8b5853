/* net.c: network devices: what callers ask is checked here, as solo5.h says. */
#include "libos/bindings/bindings.h"

solo5_result_t solo5_net_acquire(const char *name, solo5_handle_t *handle, struct solo5_net_info *info)
{
    const struct mft_entry *entry;

    *handle = bindings_find(name, MFT_DEV_NET_BASIC);
    entry = bindings_device(*handle, MFT_DEV_NET_BASIC);
    if (!entry)
        return SOLO5_R_EINVAL;
    for (size_t i = 0; i < SOLO5_NET_ALEN; i++)
        info->mac_address[i] = entry->u.net_basic.mac[i];
    info->mtu = entry->u.net_basic.mtu;
    return SOLO5_R_OK;
}

solo5_result_t solo5_net_write(solo5_handle_t handle, const uint8_t *buf, size_t size)
{
    const struct mft_entry *entry = bindings_device(handle, MFT_DEV_NET_BASIC);

    if (!entry || size < SOLO5_NET_HLEN || size > (size_t)entry->u.net_basic.mtu + SOLO5_NET_HLEN)
        return SOLO5_R_EINVAL;
    return bindings_ops->net_write(handle, buf, size);
}

solo5_result_t solo5_net_read(solo5_handle_t handle, uint8_t *buf, size_t size, size_t *read_size)
{
    const struct mft_entry *entry = bindings_device(handle, MFT_DEV_NET_BASIC);
    solo5_result_t result;

    if (!entry || size < (size_t)entry->u.net_basic.mtu + SOLO5_NET_HLEN)
        return SOLO5_R_EINVAL;
    result = bindings_ops->net_read(handle, buf, &size);
    if (result == SOLO5_R_OK)
        *read_size = size;
    return result;
}

void bivy_net_hold(bool hold)
{
    if (bindings_ops->net_hold)
        bindings_ops->net_hold(hold);
}
