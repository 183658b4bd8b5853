/* kvm.c: the kind of KVM that this host has; see kvm.h. */
#define _GNU_SOURCE
#include "kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/fd.h"

#define SET(text, ...) snprintf((text), sizeof(text), __VA_ARGS__)

/* A processor's virtualisation, by its flag in /proc/cpuinfo. A KVM without either flag is PVM, which runs
 * guests without help of the processor. */
static const char *kvm_kind(void)
{
    char line[8192];
    const char *kind = "PVM, no help of the processor";
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (file == NULL)
        return "unknown kind";
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "flags", 5) != 0)
            continue;
        if (strstr(line, " vmx") != NULL)
            kind = "VMX";
        else if (strstr(line, " svm") != NULL)
            kind = "SVM";
        break;
    }
    fclose(file);
    return kind;
}

static void explain_open(struct kvm_host *host, int code)
{
    SET(host->found, "/dev/kvm: %s", strerror(code));
    if (code == ENOENT)
        SET(host->fix, "sudo modprobe kvm_intel (or kvm_amd); in a virtual machine, nested virtualisation");
    else if (code == EACCES)
        SET(host->fix, "sudo usermod -aG kvm \"$USER\", then sign in again; or run as root");
    else
        SET(host->fix, "a host that offers KVM");
}

void kvm_look(struct kvm_host *host)
{
    memset(host, 0, sizeof *host);
    cleanup_fd int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) {
        explain_open(host, errno);
        return;
    }
    cleanup_fd int machine = ioctl(kvm, KVM_CREATE_VM, 0);
    if (ioctl(kvm, KVM_GET_API_VERSION, 0) != 12 || machine < 0) {
        SET(host->found, "/dev/kvm opens, but makes no virtual machine: %s", strerror(errno));
        SET(host->fix, "a kernel whose KVM works here; dmesg tells more");
        return;
    }
    host->usable = true;
    SET(host->found, "/dev/kvm works (%s)", kvm_kind());
}
