/*
 * landlock.c: see landlock.h.
 *
 * A kernel refuses rights that came after it, and the headers at hand may know fewer than the kernel: so the
 * rights are named here by the version that brought them, and the kernel is asked for its version.
 */
#define _GNU_SOURCE
#include "jail/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/error.h"
#include "host/fd.h"

/* The kernel's struct landlock_ruleset_attr in its third shape. */
struct ruleset {
    uint64_t files;
    uint64_t network; /* version 4 */
    uint64_t scoped;  /* version 6 */
};

#define FILES_1   ((UINT64_C(1) << 13) - 1)
#define REFER     (UINT64_C(1) << 13) /* version 2 */
#define TRUNCATE  (UINT64_C(1) << 14) /* version 3 */
#define DEVICE    (UINT64_C(1) << 15) /* version 5: ioctl on devices */
#define NETWORK_4 UINT64_C(3)         /* bind and connect TCP */
#define SCOPED_6  UINT64_C(3)         /* abstract sockets of others, signals to others */

/* What regular files need: nothing is executed, no device, socket, pipe or link is made. */
#define WRITABLE                                                                                             \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |            \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | TRUNCATE)

static const char what[] = "confine";

static struct ruleset known_rights(long version, bool isolated)
{
    return (struct ruleset){
        .files = FILES_1 | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0) |
                 (version >= 5 ? DEVICE : 0),
        .network = isolated && version >= 4 ? NETWORK_4 : 0,
        .scoped = isolated && version >= 6 ? SCOPED_6 : 0,
    };
}

static size_t known_size(long version)
{
    return version >= 6 ? sizeof(struct ruleset) : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static int allow(int ruleset, int fd, uint64_t rights, const char *path, struct error *err)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        return error_set(err, errno, what, path, NULL);
    return 0;
}

static int allow_reading(int ruleset, const char *path, struct error *err)
{
    struct stat status;
    uint64_t rights = LANDLOCK_ACCESS_FS_READ_FILE;
    cleanup_fd int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_set(err, errno, what, path, NULL);
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
        rights |= LANDLOCK_ACCESS_FS_READ_DIR;
    return allow(ruleset, fd, rights, path, err);
}

static int allow_writing(int ruleset, uint64_t known, const char *path, struct error *err)
{
    cleanup_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? error_set(err, errno, what, path, NULL) : allow(ruleset, fd, WRITABLE & known, path, err);
}

static int allow_all(int ruleset, uint64_t known, const struct landlock_rules *rules, struct error *err)
{
    int result = 0;
    for (size_t i = 0; i < rules->readable_count && result == 0; i++)
        result = allow_reading(ruleset, rules->readable[i], err);
    for (size_t i = 0; i < rules->writable_count && result == 0; i++)
        result = allow_writing(ruleset, known, rules->writable[i], err);
    return result;
}

int landlock_enter(const struct landlock_rules *rules, struct error *err)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0)
        return 0;
    struct ruleset rights = known_rights(version, rules->isolated);
    cleanup_fd int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights, known_size(version), 0);
    if (ruleset < 0)
        return error_set(err, errno, what, "Landlock", NULL);
    int result = allow_all(ruleset, rights.files, rules, err);
    if (result < 0)
        return result;
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        return error_set(err, errno, what, "Landlock", NULL);
    return (int)version;
}
