/*
 * doctor.c: `bivy doctor`: what this host can do, what is missing, and the fix.
 *
 * Every line is found out by trying, not by asking for versions: a kernel can be old and patched, new and
 * locked down. Only what keeps a process unikernel from running makes the command fail; the rest are things
 * one may not need.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bivy/abi/spt.h"
#include "commands.h"
#include "doctor_network.h"
#include "host/error.h"
#include "host/fd.h"
#include "host/path.h"
#include "kvm.h"
#include "output.h"

struct doctor_values {
    int format;
    const char *run_directory;
};

static const struct option_row options[] = {
    OPTION_FORMAT(struct doctor_values, format),
    OPTION_RUN_DIRECTORY(struct doctor_values, run_directory),
    OPTION_END,
};

const struct command_usage doctor_usage = {
    .about = "Fails only if unikernels cannot run as processes; what else is missing is listed with what it "
             "is for.",
    .example = "bivy doctor\nbivy doctor -o json\n",
    .options = options,
    .values_size = sizeof(struct doctor_values),
};

enum verdict { VERDICT_OK, VERDICT_OPTIONAL, VERDICT_MISSING };

static const char *const verdict_names[] = {"ok", "optional", "missing"};

struct finding {
    enum verdict verdict;
    char found[160]; /* what there is */
    char fix[320];   /* what to do; empty if there is nothing to do */
};

#define SET(text, ...) snprintf((text), sizeof(text), __VA_ARGS__)

static void check_kernel(struct finding *finding)
{
    struct utsname name;
    uname(&name);
    SET(finding->found, "%.40s %.60s %.40s", name.sysname, name.release, name.machine);
    /* close_range() is the newest call without which nothing here works. */
    if (syscall(SYS_close_range, 1, 0, 0) < 0 && errno == ENOSYS) {
        finding->verdict = VERDICT_MISSING;
        SET(finding->fix, "Linux 5.11 or newer");
    }
}

static void check_seccomp(struct finding *finding)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) {
        SET(finding->found, "filters, with kill of the process");
        return;
    }
    finding->verdict = VERDICT_MISSING;
    SET(finding->found, "%s", strerror(errno));
    SET(finding->fix,
        "a kernel with CONFIG_SECCOMP_FILTER; in a container, a profile that allows seccomp(2)");
}

/* The number in a file of /proc or /sys, or -1. */
static long read_number(const char *path)
{
    char text[32];
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : fd_read_all(fd, text, sizeof text - 1);
    if (n <= 0)
        return -1;
    text[n] = '\0';
    return strtol(text, NULL, 10);
}

static void check_low_memory(struct finding *finding)
{
    long least = read_number("/proc/sys/vm/mmap_min_addr");
    SET(finding->found, "vm.mmap_min_addr = %ld", least);
    if (least <= (long)SPT_MEM_BASE)
        return;
    finding->verdict = VERDICT_MISSING;
    SET(finding->fix, "sudo sysctl vm.mmap_min_addr=%u", SPT_MEM_BASE);
}

static void check_namespaces(struct finding *finding)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 0 : 1);
    int status = 1;
    if (pid > 0)
        waitpid(pid, &status, 0);
    if (pid > 0 && status == 0) {
        SET(finding->found, "user and network namespaces can be made");
        return;
    }
    finding->verdict = VERDICT_OPTIONAL;
    SET(finding->found, "user namespaces cannot be made: weaker jails for bivy-net");
    if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0)
        SET(finding->fix, "sudo sysctl kernel.unprivileged_userns_clone=1");
    else if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
        SET(finding->fix, "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0");
    else
        SET(finding->fix, "sudo sysctl user.max_user_namespaces=65536, or a container that allows them");
}

static void check_kvm(struct finding *finding)
{
    struct kvm_host kvm;
    kvm_look(&kvm);
    SET(finding->found, "%s", kvm.found);
    SET(finding->fix, "%s", kvm.fix);
    finding->verdict = kvm.usable ? VERDICT_OK : VERDICT_OPTIONAL;
}

static void check_cgroups(struct finding *finding)
{
    char controllers[128] = "";
    cleanup_fd int fd = open("/sys/fs/cgroup/cgroup.controllers", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : fd_read_all(fd, controllers, sizeof controllers - 1);
    controllers[n > 0 ? n : 0] = '\0';
    controllers[strcspn(controllers, "\n")] = '\0';
    if (strstr(controllers, "memory") != NULL && strstr(controllers, "cpu") != NULL) {
        SET(finding->found, "v2: %s", controllers);
        if (geteuid() == 0)
            return;
        finding->verdict = VERDICT_OPTIONAL;
        SET(finding->found, "v2: %s; limits only if they are delegated to the daemon", controllers);
        SET(finding->fix, "run it as a service with Delegate=yes, or as root");
        return;
    }
    finding->verdict = VERDICT_OPTIONAL;
    SET(finding->found, "%s",
        fd < 0 ? "v2 is not mounted on /sys/fs/cgroup: no limits of the kernel's, no word of killed memory"
               : "v2 without cpu and memory");
    SET(finding->fix,
        "boot with systemd.unified_cgroup_hierarchy=1; without it a unikernel is bounded by its own "
        "size and processors");
}

static void check_tun(struct finding *finding)
{
    cleanup_fd int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        SET(finding->found, "/dev/net/tun opens");
        return;
    }
    finding->verdict = VERDICT_OPTIONAL;
    SET(finding->found, "/dev/net/tun: %s: no tap devices", strerror(errno));
    SET(finding->fix, "%s",
        errno == ENOENT ? "sudo modprobe tun" : "for bridges run as root; user networks need nothing");
}

static void check_bridges(struct finding *finding)
{
    glob_t found;
    finding->verdict = VERDICT_OPTIONAL;
    SET(finding->found, "none");
    SET(finding->fix, "sudo ip link add name br0 type bridge; user networks need none");
    if (glob("/sys/class/net/*/bridge", 0, NULL, &found) != 0)
        return;
    size_t used = 0;
    for (size_t i = 0; i < found.gl_pathc && used < sizeof finding->found - 32; i++) {
        const char *name = found.gl_pathv[i] + strlen("/sys/class/net/");
        used += (size_t)snprintf(finding->found + used, sizeof finding->found - used, "%s%.*s",
                                 i > 0 ? " " : "", (int)strcspn(name, "/"), name);
    }
    globfree(&found);
    finding->verdict = VERDICT_OK;
    finding->fix[0] = '\0';
}

static void check_networks(struct finding *finding)
{
    bool all = doctor_network(finding->found, sizeof finding->found, finding->fix, sizeof finding->fix);
    finding->verdict = all ? VERDICT_OK : VERDICT_OPTIONAL;
}

static void check_programs(struct finding *finding)
{
    static const char *const programs[] = {"bivy-spt", "bivy-hvt",  "bivy-net",
                                           "bivyd",    "bivy-keep", "bivy-web"};
    char path[PATH_MAX];
    size_t used = 0;
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        if (path_program(path, programs[i], NULL) == 0)
            continue;
        used += (size_t)snprintf(finding->found + used, sizeof finding->found - used, "%s%s",
                                 used > 0 ? " " : "not beside bivy: ", programs[i]);
    }
    if (used == 0) {
        SET(finding->found, "all beside bivy");
        return;
    }
    finding->verdict = VERDICT_MISSING;
    SET(finding->fix, "install bivy whole: make install");
}

static void check_directory(struct finding *finding, int result, const char *path, const struct error *err)
{
    if (result == 0) {
        SET(finding->found, "%.150s", path);
        return;
    }
    finding->verdict = VERDICT_MISSING;
    SET(finding->found, "%.150s", err->text);
    SET(finding->fix, "%s", err->hint[0] != '\0' ? err->hint : "another one by --run-dir or --state-dir");
}

static const char *given_run_directory;

static void check_run_directory(struct finding *finding)
{
    char path[PATH_MAX];
    struct error err = {.code = 0};
    int result = path_run_directory(path, given_run_directory, &err);
    check_directory(finding, result, path, &err);
}

static void check_state_directory(struct finding *finding)
{
    char path[PATH_MAX];
    struct error err = {.code = 0};
    int result = path_state_directory(path, NULL, &err);
    check_directory(finding, result, path, &err);
}

static const struct check {
    const char *name, *purpose;
    void (*function)(struct finding *finding);
} checks[] = {
    {"kernel", "everything", check_kernel},
    {"seccomp", "the sandbox of process unikernels", check_seccomp},
    {"low_memory", "process unikernels, which are linked at fixed low addresses", check_low_memory},
    {"programs", "everything", check_programs},
    {"run_directory", "the daemon's sockets", check_run_directory},
    {"state_directory", "the daemon's images and database", check_state_directory},
    {"user_namespaces", "jails without root", check_namespaces},
    {"kvm", "unikernels as virtual machines", check_kvm},
    {"cgroups", "shares and limits of processor and memory", check_cgroups},
    {"tun", "unikernels on bridges", check_tun},
    {"bridges", "unikernels on the host's networks", check_bridges},
    {"networks", "the kinds of network that unikernels may be attached to", check_networks},
};

#define CHECKS (sizeof checks / sizeof checks[0])

static void print_json(const struct finding findings[static CHECKS])
{
    json_t *all = json_array();
    for (size_t i = 0; i < CHECKS; i++) {
        json_t *one = json_object();
        output_json_set(one, "name", json_string(checks[i].name));
        output_json_set(one, "verdict", json_string(verdict_names[findings[i].verdict]));
        output_json_set(one, "found", output_json_text(findings[i].found, strlen(findings[i].found)));
        output_json_set(one, "purpose", json_string(checks[i].purpose));
        output_json_set(one, "fix", findings[i].fix[0] != '\0' ? json_string(findings[i].fix) : json_null());
        json_array_append_new(all, one);
    }
    output_json(all);
}

static void print_text(const struct finding findings[static CHECKS])
{
    static const enum output_tone tones[] = {TONE_GOOD, TONE_WARNING, TONE_BAD};
    static const char *const headings[] = {"CHECK", "VERDICT", "FOUND", NULL};
    struct output_table table;
    output_table_begin(&table, headings);
    for (size_t i = 0; i < CHECKS; i++) {
        output_table_row(&table);
        output_table_cell(&table, TONE_PLAIN, "%s", checks[i].name);
        output_table_cell(&table, tones[findings[i].verdict], "%s", verdict_names[findings[i].verdict]);
        output_table_cell(&table, TONE_PLAIN, "%s", findings[i].found);
    }
    output_table_end(&table);
    for (size_t i = 0; i < CHECKS; i++)
        if (findings[i].fix[0] != '\0')
            printf("\n%s, for %s:\n  %s\n", checks[i].name, checks[i].purpose, findings[i].fix);
}

int doctor_main(const struct command_call *call, struct error *err)
{
    const struct doctor_values *values = call->values;
    struct finding findings[CHECKS] = {0};
    bool missing = false;
    (void)err;
    given_run_directory = values->run_directory;
    for (size_t i = 0; i < CHECKS; i++) {
        checks[i].function(&findings[i]);
        missing = missing || findings[i].verdict == VERDICT_MISSING;
    }
    (values->format == FORMAT_JSON ? print_json : print_text)(findings);
    return missing ? COMMAND_FAILED : COMMAND_DONE;
}
