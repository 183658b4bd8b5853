/* pcap.c: see pcap.h. Numbers are in the host's order: the magic number tells readers which. */
#define _GNU_SOURCE
#include "debug/pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"

#define MAGIC_NS      0xa1b23c4du
#define LINK_ETHERNET 1u

struct file_header {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t zone, accuracy, longest, link;
};

struct record_header {
    uint32_t seconds, nanoseconds, captured, size;
};

int pcap_open(struct pcap *pcap, const char *path, struct error *err)
{
    const struct file_header header = {MAGIC_NS, 2, 4, 0, 0, PCAP_FRAME_MAX, LINK_ETHERNET};
    pcap->path = path;
    pcap->size = sizeof header;
    pcap->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (pcap->fd < 0)
        return error_set(err, errno, "capture frames", path, NULL);
    int result = fd_write_all(pcap->fd, &header, sizeof header);
    return result < 0 ? error_set(err, -result, "capture frames", path, NULL) : 0;
}

int pcap_add(struct pcap *pcap, const void *frame, size_t size, uint64_t time_ns, struct error *err)
{
    struct record_header header = {(uint32_t)(time_ns / 1000000000u), (uint32_t)(time_ns % 1000000000u),
                                   (uint32_t)size, (uint32_t)size};
    struct iovec parts[] = {{&header, sizeof header}, {(void *)(uintptr_t)frame, size}};
    if (pcap->fd < 0)
        return 0;
    ssize_t n = writev(pcap->fd, parts, 2);
    if (n == (ssize_t)(sizeof header + size)) {
        pcap->size += n;
        return 0;
    }
    int code = n < 0 ? errno : ENOSPC;
    /* A pipe cannot be cut; its reader sees a torn end. */
    int cut = ftruncate(pcap->fd, pcap->size);
    pcap_close(pcap);
    return error_set(err, code, "capture frames", pcap->path, "%s; the capture ends here",
                     cut == 0 ? "no more can be written" : "it cannot be written");
}

void pcap_close(struct pcap *pcap)
{
    fd_close(&pcap->fd);
}
