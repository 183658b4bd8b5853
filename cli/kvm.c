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

struct kind {
    const char *flag; /* of the processor, as /proc/cpuinfo has it */
    const char *name, *meaning;
};

/* A KVM on a processor without either flag is PVM, which runs guests without its help. */
static const struct kind kinds[] = {
    {" vmx", "VMX", "native speed"},
    {" svm", "SVM", "native speed"},
    {NULL, "PVM, no help of the processor",
     "native speed but for exits; ring 0 (--target hvt) very slow or not at all"},
};

static const struct kind *kvm_kind(void)
{
    char line[8192] = "";
    const struct kind *kind = kinds;
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL && strncmp(line, "flags", 5) != 0)
        ;
    while (kind->flag != NULL && strstr(line, kind->flag) == NULL)
        kind++;
    if (file != NULL)
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
    const struct kind *kind = kvm_kind();
    SET(host->found, "/dev/kvm works (%s): %s", kind->name, kind->meaning);
}
