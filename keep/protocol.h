/*
 * protocol.h: how bivyd speaks to bivy-keep.
 *
 * A SOCK_SEQPACKET socket, one message a packet. The daemon sends struct keep_request (for
 * KEEP_SPAWN followed by text), the keep answers each in order with struct keep_reply of the same
 * sequence; between replies it may send events, which are struct keep_reply with sequence 0. Both
 * are of one user and mostly of one build, but a keep outlives the daemon that started it, so the
 * version is checked. One daemon at a time: a new connection ends the old one. Integers are
 * host-endian; unused fields are zero.
 */
#ifndef KEEP_PROTOCOL_H
#define KEEP_PROTOCOL_H

#include <stdint.h>

#define KEEP_VERSION       1u
#define KEEP_NAME_SIZE     256u   /* a name with its NUL */
#define KEEP_TEXT_MAX      49152u /* bytes of program and arguments */
#define KEEP_ARGUMENTS_MAX 512u
#define KEEP_CPU_WORDS     16u /* 64 processors each */
#define KEEP_PAGE          64u /* children in one reply */

enum keep_op {
    KEEP_HELLO = 1,   /* answers pid: the keep's own */
    KEEP_SPAWN,       /* fields: spawn; then the text; with descriptors. Answers pid and start_ticks */
    KEEP_SIGNAL,      /* fields: id, number; -ESRCH when it has ended */
    KEEP_LIST,        /* fields: id; the children with greater ids, lowest first, at most KEEP_PAGE */
    KEEP_ACKNOWLEDGE, /* fields: id; forgets a child that has ended; -EBUSY while it runs */
    KEEP_HOLD,        /* fields: name; one descriptor, kept under the name in place of an earlier one */
    KEEP_FETCH,       /* fields: name; answers with the descriptor; -ENOENT */
    KEEP_DROP,        /* fields: name; forgets the descriptor; -ENOENT */
    KEEP_QUIT,        /* ends the keep; -EBUSY while a child runs */

    KEEP_EXITED = 64, /* event: child[0] has ended; stands in KEEP_LIST until acknowledged */
    KEEP_CONSOLE      /* event: child[0].id wrote to its console after a reader asked (ring_ask()) */
};

#define KEEP_SPAWN_CONSOLE                                                                                   \
    1u /* descriptor 0 of the message is a ring: standard output and error go to it                          \
        */

struct keep_spawn {
    uint64_t id; /* chosen by the daemon, not 0; -EEXIST while one of this id is known */
    uint32_t uid, gid;
    uint32_t flags;          /* KEEP_SPAWN_* */
    uint32_t argument_count; /* strings after the program's path, [0] included */
    uint32_t text_size;      /* bytes after the request: the path and the arguments, each with its NUL */
    uint32_t cpu_words;      /* 0: any processor */
    uint64_t cpus[KEEP_CPU_WORDS];
    char name[KEEP_NAME_SIZE]; /* told back by KEEP_LIST */
};

/* The message's descriptors, after the ring, become 3, 4, ... of the child; 0 is /dev/null, 1 and 2
 * are the console, or /dev/null and the keep's standard error. */
struct keep_request {
    uint32_t version; /* KEEP_VERSION */
    uint32_t op;
    uint64_t sequence; /* not 0 */
    uint64_t id;
    uint32_t number;
    uint32_t pad;
    union {
        struct keep_spawn spawn;
        char name[KEEP_NAME_SIZE];
    } u;
};

/* How a child ended: as waitid() tells it. Also a record of the exits file. */
struct keep_child {
    uint64_t id;
    uint64_t start_ticks; /* field 22 of /proc/PID/stat */
    int64_t ended_ns;     /* wall clock; 0: it runs */
    int32_t pid;
    int16_t status; /* exit status 0..255, or the signal's number */
    uint8_t by_signal;
    uint8_t pad;
    char name[KEEP_NAME_SIZE];
};

struct keep_reply {
    uint32_t version;
    uint32_t op;
    uint64_t sequence; /* 0: an event */
    int32_t error;     /* 0 or a negative errno */
    int32_t pid;
    uint64_t start_ticks;
    uint32_t count; /* of child[] */
    uint32_t pad;
    char text[512];            /* for an error: what failed: which: why */
    struct keep_child child[]; /* count of them; none after an error */
};

/*
 * The exits file (RUN/keep.exits): one struct keep_exits_header, then struct keep_child records of
 * children that ended and were not acknowledged. It is read by the daemon only if the keep has
 * died; the boot id tells a file of before a restart of the machine.
 */
struct keep_exits_header {
    uint64_t magic; /* KEEP_EXITS_MAGIC */
    uint32_t version;
    uint32_t record_size;
    char boot_id[40];
};
#define KEEP_EXITS_MAGIC UINT64_C(0x3173746978657062)

#endif
