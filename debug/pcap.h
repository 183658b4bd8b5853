/*
 * pcap.h: Ethernet frames in a file for tcpdump and Wireshark.
 *
 * The old pcap format with nanoseconds, not pcapng: one link, one clock, nothing to say about either, and
 * every tool of the last twenty years reads it.
 */
#ifndef DEBUG_PCAP_H
#define DEBUG_PCAP_H

#include <stddef.h>
#include <stdint.h>

struct error;

#define PCAP_FRAME_MAX 65550u /* bytes: an MTU of 65535 and an Ethernet header, rounded up */

struct pcap {
    int fd; /* -1: closed, or given up */
    const char *path;
    int64_t size; /* bytes of whole records, the header included */
};

/* Creates (or empties) PATH (borrowed) and writes the header. 0 or -errno. */
int pcap_open(struct pcap *pcap, const char *path, struct error *err);

/*
 * Adds one frame of SIZE bytes, taken at TIME_NS (since 1970). After a failure (the disk is full) the file
 * ends with its last whole record and is closed: -errno, once; later frames are ignored.
 */
int pcap_add(struct pcap *pcap, const void *frame, size_t size, uint64_t time_ns, struct error *err);

void pcap_close(struct pcap *pcap);

#endif
