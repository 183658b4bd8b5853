/* core.c: see core.h. The layout is that of the System V ABI: headers, notes, then one PT_LOAD a mapping. */
#define _GNU_SOURCE
#include "debug/core.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bivy/abi/hvt.h"
#include "debug/guest.h"
#include "host/error.h"
#include "host/fd.h"
#include "image/image.h"

#define MAPPINGS_MAX 128
#define PAGE         4096u

struct mapping {
    uint64_t start, end;
    uint32_t flags; /* PF_* */
    bool has_file;  /* pages that were never touched are not zeros */
    uint64_t place; /* in the core file */
};

struct note {
    Elf64_Nhdr header;
    char owner[8];
};

/* Packed: a note's contents follow its 20 bytes at once, whatever the alignment of their type. */
struct __attribute__((packed)) notes {
    struct note status_note;
    struct elf_prstatus status;
    struct note info_note;
    struct elf_prpsinfo info;
    struct note fpu_note;
    elf_fpregset_t fpu;
    struct note fault_note;
    siginfo_t fault;
};

struct core {
    const struct guest *guest;
    int fd, pagemap;
    struct mapping mappings[MAPPINGS_MAX];
    size_t count;
    struct notes notes;
    uint64_t size;
};

/* One line of /proc/PID/maps; mappings above the guest's memory are not the guest's. */
static void add_mapping(struct core *core, const char *line)
{
    struct mapping *mapping = &core->mappings[core->count];
    char flags[5];
    uint64_t inode;
    if (core->count == MAPPINGS_MAX || sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %" SCNu64,
                                              &mapping->start, &mapping->end, flags, &inode) != 4)
        return;
    if (mapping->end > core->guest->memory_size || mapping->start >= mapping->end)
        return;
    mapping->flags =
        (flags[0] == 'r' ? PF_R : 0u) | (flags[1] == 'w' ? PF_W : 0u) | (flags[2] == 'x' ? PF_X : 0u);
    mapping->has_file = inode != 0;
    core->count++;
}

static void add_range(struct core *core, uint64_t start, uint64_t end, uint32_t flags, bool has_file)
{
    if (start < end && core->count < MAPPINGS_MAX)
        core->mappings[core->count++] = (struct mapping){start, end, flags, has_file, 0};
}

/* A virtual machine's memory is the image's segments, and data around them. */
static void list_segments(struct core *core)
{
    const struct image *image = core->guest->image;
    uint64_t at = HVT_BOOT_INFO;
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        add_range(core, at, segment->start, PF_R | PF_W, false);
        add_range(core, segment->start, segment->end, segment->flags, true);
        at = segment->end;
    }
    add_range(core, at, core->guest->memory_size, PF_R | PF_W, false);
}

static int read_mappings(struct core *core)
{
    char text[512];
    if (core->guest->vm)
        list_segments(core);
    snprintf(text, sizeof text, "/proc/%d/maps", (int)core->guest->pid);
    FILE *file = fopen(text, "re");
    if (file == NULL)
        return -errno;
    while (!core->guest->vm && fgets(text, sizeof text, file) != NULL)
        add_mapping(core, text);
    fclose(file);
    snprintf(text, sizeof text, "/proc/%d/pagemap", (int)core->guest->pid);
    core->pagemap = open(text, O_RDONLY | O_CLOEXEC);
    return 0;
}

static struct note make_note(uint32_t type, size_t size)
{
    return (struct note){.header = {.n_namesz = 5, .n_descsz = (uint32_t)size, .n_type = type},
                         .owner = "CORE"};
}

static void fill_notes(struct core *core, const char *name, int number, const siginfo_t *fault)
{
    struct notes *notes = &core->notes;
    pid_t pid = core->guest->pid;
    struct elf_prstatus status = {.pr_pid = pid, .pr_cursig = (short)number, .pr_fpvalid = !core->guest->vm};
    struct user_regs_struct general = {0};
    struct elf_prpsinfo info = {.pr_pid = pid};
    elf_fpregset_t fpu = {0};
    struct iovec fpu_registers = {&fpu, sizeof fpu};
    notes->status_note = make_note(NT_PRSTATUS, sizeof notes->status);
    notes->info_note = make_note(NT_PRPSINFO, sizeof notes->info);
    notes->fpu_note = make_note(NT_FPREGSET, sizeof notes->fpu);
    notes->fault_note = make_note(NT_SIGINFO, sizeof notes->fault);
    status.pr_info.si_signo = number;
    guest_registers(core->guest, &general);
    memcpy(&status.pr_reg, &general, sizeof general);
    if (!core->guest->vm) /* the tender's own would say nothing of its guest */
        ptrace(PTRACE_GETREGSET, pid, NT_FPREGSET, &fpu_registers);
    snprintf(info.pr_fname, sizeof info.pr_fname, "%.15s", name);
    snprintf(info.pr_psargs, sizeof info.pr_psargs, "%.79s", name);
    notes->status = status;
    notes->info = info;
    notes->fpu = fpu;
    if (fault != NULL)
        notes->fault = *fault;
    else
        notes->fault.si_signo = number;
}

static int write_at(const struct core *core, const void *data, size_t size, uint64_t place)
{
    const char *next = data;
    while (size > 0) {
        ssize_t n = pwrite(core->fd, next, size, (off_t)place);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -ENOSPC;
        next += n;
        place += (uint64_t)n;
        size -= (size_t)n;
    }
    return 0;
}

static int write_headers(struct core *core)
{
    Elf64_Ehdr header = {.e_type = ET_CORE,
                         .e_machine = EM_X86_64,
                         .e_version = EV_CURRENT,
                         .e_phoff = sizeof header,
                         .e_ehsize = sizeof header,
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = (Elf64_Half)(core->count + 1)};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    Elf64_Phdr table[MAPPINGS_MAX + 1] = {0};
    uint64_t notes = sizeof header + (core->count + 1) * sizeof table[0];
    core->size = (notes + sizeof core->notes + PAGE - 1) / PAGE * PAGE;
    table[0] =
        (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = notes, .p_filesz = sizeof core->notes, .p_align = 4};
    for (size_t i = 0; i < core->count; i++) {
        struct mapping *mapping = &core->mappings[i];
        uint64_t size = mapping->end - mapping->start;
        mapping->place = core->size;
        table[i + 1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = mapping->flags,
                                    .p_offset = mapping->place,
                                    .p_vaddr = mapping->start,
                                    .p_filesz = size,
                                    .p_memsz = size,
                                    .p_align = PAGE};
        core->size += size;
    }
    int result = write_at(core, &header, sizeof header, 0);
    if (result == 0)
        result = write_at(core, table, (core->count + 1) * sizeof table[0], sizeof header);
    return result == 0 ? write_at(core, &core->notes, sizeof core->notes, notes) : result;
}

/* Whether the page may hold anything: the kernel tells which were never touched, so that a guest with much
 * memory is not read, and thereby filled, in vain. */
static bool is_touched(const struct core *core, uint64_t address)
{
    uint64_t entry;
    if (core->pagemap < 0 ||
        pread(core->pagemap, &entry, sizeof entry,
              (off_t)((address + (core->guest->vm ? VM_MEMORY : 0)) / PAGE * sizeof entry)) != sizeof entry)
        return true;
    return (entry >> 62) != 0; /* present or swapped out */
}

static int write_page(const struct core *core, const struct mapping *mapping, uint64_t address)
{
    static const char zeros[PAGE];
    char page[PAGE];
    if (!mapping->has_file && !is_touched(core, address))
        return 0;
    if (guest_read(core->guest, address, page, sizeof page) != sizeof page ||
        memcmp(page, zeros, sizeof page) == 0)
        return 0;
    return write_at(core, page, sizeof page, mapping->place + (address - mapping->start));
}

static int write_all(struct core *core)
{
    int result = write_headers(core);
    for (size_t i = 0; result == 0 && i < core->count; i++) {
        const struct mapping *mapping = &core->mappings[i];
        for (uint64_t at = mapping->start; result == 0 && at < mapping->end; at += PAGE)
            result = write_page(core, mapping, at);
    }
    if (result == 0 && ftruncate(core->fd, (off_t)core->size) < 0)
        result = -errno;
    return result;
}

int core_write(const struct guest *guest, const char *directory, const char *name, int number,
               const siginfo_t *fault, char path[static PATH_MAX], struct error *err)
{
    int size = snprintf(path, PATH_MAX, "%s/%s.%d.core", directory, name, (int)guest->pid);
    if (size < 0 || size >= PATH_MAX)
        return error_set(err, ENAMETOOLONG, "write core", directory, NULL);
    struct core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return error_set(err, ENOMEM, "write core", path, NULL);
    core->guest = guest;
    core->pagemap = -1;
    core->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int result = core->fd < 0 ? -errno : read_mappings(core);
    fill_notes(core, name, number, fault);
    if (result == 0)
        result = write_all(core);
    if (result < 0 && core->fd >= 0)
        unlink(path);
    fd_close(&core->fd);
    fd_close(&core->pagemap);
    free(core);
    return result < 0 ? error_set(err, -result, "write core", path, NULL) : 0;
}
