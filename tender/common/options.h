/*
 * options.h: the tenders' command line: Solo5's, and what Bivy adds to it.
 *
 * `TENDER [--mem=MIB] [DEVICE OPTIONS] [--] KERNEL [ARGUMENTS...]`. Everything stays where the kernel put
 * it: an option's value points into argv. Device options are only split here; device.h gives them meaning
 * once the manifest is known. Source: the Solo5 ABI facts, section 4; ours: KERNEL may be @FD, block
 * devices may be @FD, --net-mtu.
 */
#ifndef TENDER_COMMON_OPTIONS_H
#define TENDER_COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message;

#define OPTIONS_MAX_DEVICES 256u /* options about devices; 63 devices have at most three each */

enum option_kind { OPTION_NET, OPTION_NET_MAC, OPTION_NET_MTU, OPTION_BLOCK, OPTION_BLOCK_SECTOR_SIZE };

struct device_option {
    enum option_kind kind;
    const char *text; /* the whole option, for error texts */
    char name[68];    /* [A-Za-z0-9]{1,67} */
    const char *value;
};

/* --debug=stops|calls|all: what the tender stops for; whoever traces it reads bivy/vm_report.h. */
#define OPTIONS_DEBUG_STOPS 1u
#define OPTIONS_DEBUG_CALLS 2u

enum options_action { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION };

struct options {
    enum options_action action;
    uint64_t memory_bytes;
    bool execute_heap; /* the process tender's */
    bool no_ring;      /* the VM tender's */
    unsigned debug;    /* OPTIONS_DEBUG_*: the VM tender's */
    const char *kernel;
    const char *const *arguments; /* the guest's, NULL-terminated */
    size_t device_count;
    struct device_option devices[OPTIONS_MAX_DEVICES];
};

/*
 * Reads argv. Returns 0, or -EINVAL with MESSAGE filled; -ENOENT when KERNEL is missing; after both the
 * usage is worth printing.
 */
int options_parse(struct options *options, int argc, const char *const *argv, struct message *message);

/* Reads a decimal number of digits only, at most LIMIT; 0, or -EINVAL. */
int options_parse_number(const char *text, uint64_t limit, uint64_t *number);

/* Reads "@N": 0 and the descriptor in *FD, or -EINVAL for any other text. */
int options_parse_descriptor(const char *text, int *fd);

#endif
