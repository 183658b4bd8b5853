/* builder.c: see builder.h. */
#include "tests/image/builder.h"

#include <stddef.h>
#include <string.h>

#define PLACE(field) offsetof(struct built_image, field)

static void build_elf(Elf64_Ehdr *elf)
{
    memcpy(elf->e_ident, ELFMAG, SELFMAG);
    elf->e_ident[EI_CLASS] = ELFCLASS64;
    elf->e_ident[EI_DATA] = ELFDATA2LSB;
    elf->e_ident[EI_VERSION] = EV_CURRENT;
    elf->e_type = ET_EXEC;
    elf->e_machine = EM_X86_64;
    elf->e_version = EV_CURRENT;
    elf->e_entry = 0x100000;
    elf->e_phoff = PLACE(headers);
    elf->e_ehsize = sizeof(Elf64_Ehdr);
    elf->e_phentsize = sizeof(Elf64_Phdr);
    elf->e_phnum = HEADER_COUNT;
}

static Elf64_Phdr load(uint32_t flags, uint64_t offset, uint64_t address, uint64_t file_size, uint64_t size)
{
    return (Elf64_Phdr){PT_LOAD, flags, offset, address, address, file_size, size, 0x1000};
}

static Elf64_Phdr note(uint64_t offset, uint64_t size)
{
    return (Elf64_Phdr){PT_NOTE, PF_R, offset, 0, 0, size, size, 4};
}

static struct built_note note_start(const char *owner, uint32_t desc_size, uint32_t type)
{
    struct built_note start = {{(uint32_t)strlen(owner) + 1, desc_size, type}, ""};
    memcpy(start.owner, owner, strlen(owner));
    return start;
}

static void build_bivy(struct built_bivy *bivy)
{
    bivy->start = note_start("Bivy", sizeof *bivy - sizeof bivy->start, NOTE_BIVY_TYPE);
    bivy->header = (struct bivy_note_header){NOTE_BIVY_VERSION, 7};
    bivy->mode_entry = (struct bivy_note_entry){BIVY_NOTE_ENTRY_MODE, 4};
    bivy->mode = BIVY_ENTRY_USER;
    bivy->memory_entry = (struct bivy_note_entry){BIVY_NOTE_MIN_MEMORY | BIVY_NOTE_CRITICAL, 8};
    bivy->memory = 0x180000;
    bivy->stack_entry = (struct bivy_note_entry){BIVY_NOTE_STACK_SIZE, 8};
    bivy->stack = 0x4000;
    bivy->arguments_entry = (struct bivy_note_entry){BIVY_NOTE_ARGUMENTS, 13};
    memcpy(bivy->arguments, "--ipv4\0--dns", 13);
    bivy->licenses_entry = (struct bivy_note_entry){BIVY_NOTE_LICENSES, 7};
    memcpy(bivy->licenses, "hi ISC\n", 7);
    bivy->build_entry = (struct bivy_note_entry){BIVY_NOTE_BUILD_ID, 8};
    memset(bivy->build, 0xb1, sizeof bivy->build);
    bivy->other_entry = (struct bivy_note_entry){77, 8};
}

static void build_notes(struct built_image *image)
{
    image->openbsd = note_start("OpenBSD", 4, 1);
    image->abi_note = note_start("Solo5", sizeof image->abi, NOTE_ABI1_TYPE);
    image->abi = (struct abi1_info){ABI_TARGET_SPT, ABI_VERSION_SPT, 0, 0};
    image->abi2_note = note_start("Solo5", sizeof image->abi2, NOTE_ABI1_TYPE);
    image->abi2 = (struct abi1_info){ABI_TARGET_HVT, ABI_VERSION_HVT, 0, 0};
    image->manifest.note = note_start("Solo5", 4 + (uint32_t)MFT_SIZE(3), NOTE_MFT1_TYPE);
    image->manifest.version = MFT_VERSION;
    image->manifest.entries = 3;
    image->manifest.e[0].type = MFT_RESERVED_FIRST;
    strcpy(image->manifest.e[1].name, "service");
    image->manifest.e[1].type = MFT_DEV_NET_BASIC;
    strcpy(image->manifest.e[2].name, "storage");
    image->manifest.e[2].type = MFT_DEV_BLOCK_BASIC;
    build_bivy(&image->bivy);
}

void image_build(struct built_image *image)
{
    memset(image, 0, sizeof *image);
    build_elf(&image->elf);
    build_notes(image);
    memset(image->text, 0x90, sizeof image->text);
    memset(image->data, 0xda, sizeof image->data);
    Elf64_Phdr *headers = image->headers;
    headers[HEADER_TEXT] = load(PF_R | PF_X, PLACE(text), 0x100000, 0x200, 0x200);
    headers[HEADER_DATA] = load(PF_R | PF_W, PLACE(data), 0x101000, 0x100, 0x300);
    headers[HEADER_EMPTY] = load(PF_R, 0, 0, 0, 0);
    headers[HEADER_BSS] = load(PF_R | PF_W, 0, 0x102000, 0, 0x1000);
    headers[HEADER_OPENBSD] = note(PLACE(openbsd), sizeof image->openbsd + 4);
    headers[HEADER_ABI] = note(PLACE(abi_note), sizeof image->abi_note + sizeof image->abi);
    headers[HEADER_ABI2] = note(PLACE(abi2_note), sizeof image->abi2_note + sizeof image->abi2);
    headers[HEADER_MANIFEST] = note(PLACE(manifest), sizeof image->manifest);
    headers[HEADER_BIVY] = note(PLACE(bivy), sizeof image->bivy);
}

static int read_at(void *context, uint64_t offset, void *to, size_t size)
{
    memcpy(to, (const uint8_t *)context + offset, size);
    return 0;
}

struct image_source image_built_source(const struct built_image *image, uint64_t size)
{
    return (struct image_source){read_at, (void *)(uintptr_t)image, size};
}
