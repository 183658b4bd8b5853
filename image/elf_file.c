/* elf_file.c: ELF headers and segments; see elf_file.h. */
#include "image/elf_file.h"

#include "image/image.h"
#include "image/refuse.h"
#include "image/x86_64/machine.h"

static int elf_check_identity(const Elf64_Ehdr *elf, struct image_error *err)
{
    if (__builtin_memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0)
        return image_refuse(err, ENOEXEC, "this is not an ELF file");
    if (elf->e_ident[EI_CLASS] != ELFCLASS64)
        return image_refuse_count(err, ENOEXEC, "the ELF file is not of the 64-bit class", "class",
                                  elf->e_ident[EI_CLASS]);
    if (elf->e_ident[EI_DATA] != ELFDATA2LSB)
        return image_refuse_count(err, ENOEXEC, "the ELF file is not little-endian", "data encoding",
                                  elf->e_ident[EI_DATA]);
    if (elf->e_version != EV_CURRENT)
        return image_refuse_count(err, ENOEXEC, "the ELF version is unknown", "version", elf->e_version);
    return 0;
}

static int elf_check_kind(const Elf64_Ehdr *elf, struct image_error *err)
{
    if (elf->e_type != ET_EXEC)
        return image_refuse_count(err, ENOEXEC, "the ELF file is not a fixed-address executable", "type",
                                  elf->e_type);
    if (elf->e_machine != IMAGE_MACHINE)
        return image_refuse_count(err, ENOEXEC, "the image is for another processor", "machine",
                                  elf->e_machine);
    if (elf->e_entry < IMAGE_GUEST_MIN)
        return image_refuse_hex(err, ENOEXEC, "the entry point is below the guest's memory", "entry",
                                elf->e_entry);
    return 0;
}

static int elf_check_table(const Elf64_Ehdr *elf, struct image_error *err)
{
    if (elf->e_ehsize != sizeof(Elf64_Ehdr))
        return image_refuse_count(err, ENOEXEC, "the ELF header has the wrong size", "size", elf->e_ehsize);
    if (elf->e_phentsize != sizeof(Elf64_Phdr))
        return image_refuse_count(err, ENOEXEC, "a program header has the wrong size", "size",
                                  elf->e_phentsize);
    if (elf->e_phnum == 0)
        return image_refuse(err, ENOEXEC, "the ELF file has no program headers");
    if (elf->e_phnum > IMAGE_MAX_HEADERS)
        return image_refuse_count(err, ENOEXEC, "the ELF file has too many program headers", "count",
                                  elf->e_phnum);
    return 0;
}

int elf_file_read_headers(struct elf_headers *headers, struct image *image, const struct image_source *source,
                          struct image_error *err)
{
    Elf64_Ehdr elf;
    int result = image_source_read(source, 0, &elf, sizeof elf, err);
    if (result == 0)
        result = elf_check_identity(&elf, err);
    if (result == 0)
        result = elf_check_kind(&elf, err);
    if (result == 0)
        result = elf_check_table(&elf, err);
    if (result != 0)
        return result;
    image->entry = elf.e_entry;
    headers->count = elf.e_phnum;
    return image_source_read(source, elf.e_phoff, headers->entry, headers->count * sizeof headers->entry[0],
                             err);
}

/* Fills the page-aligned bounds; everything that could wrap is caught here. */
static int segment_set_bounds(struct image_segment *segment, const Elf64_Phdr *header,
                              struct image_error *err)
{
    uint64_t align = header->p_align, file_end, memory_end, rounded;
    if (align == 0 || (align & (align - 1)) != 0)
        return image_refuse_hex(err, ENOEXEC, "a segment's alignment is not a power of two", "alignment",
                                align);
    if (header->p_vaddr < IMAGE_GUEST_MIN)
        return image_refuse_hex(err, ENOEXEC, "a segment lies below the guest's memory", "address",
                                header->p_vaddr);
    if (header->p_memsz < header->p_filesz)
        return image_refuse_hex(err, ENOEXEC, "a segment is smaller in memory than in the file", "address",
                                header->p_vaddr);
    if (__builtin_add_overflow(header->p_vaddr, header->p_memsz, &memory_end) ||
        __builtin_add_overflow(memory_end, align - 1, &rounded))
        return image_refuse_hex(err, ENOEXEC, "a segment's end wraps around", "address", header->p_vaddr);
    if (__builtin_add_overflow(header->p_offset, header->p_filesz, &file_end))
        return image_refuse_hex(err, ENOEXEC, "a segment's file range wraps around", "offset",
                                header->p_offset);
    segment->start = header->p_vaddr & ~(align - 1);
    segment->end = rounded & ~(align - 1);
    if (segment->start < IMAGE_GUEST_MIN)
        return image_refuse_hex(err, ENOEXEC, "a segment's first page lies below the guest's memory",
                                "address", header->p_vaddr);
    if (((segment->start | segment->end) & (IMAGE_PAGE_SIZE - 1)) != 0)
        return image_refuse_hex(err, ENOEXEC, "a segment does not fill whole pages", "address",
                                header->p_vaddr);
    return 0;
}

static int segment_read(struct image_segment *segment, const Elf64_Phdr *header,
                        const struct image_source *source, struct image_error *err)
{
    int result = segment_set_bounds(segment, header, err);
    if (result != 0)
        return result;
    segment->address = header->p_vaddr;
    segment->file_offset = header->p_offset;
    segment->file_size = header->p_filesz;
    segment->memory_size = header->p_memsz;
    segment->flags = header->p_flags & (IMAGE_SEGMENT_READ | IMAGE_SEGMENT_WRITE | IMAGE_SEGMENT_EXECUTE);
    if ((segment->flags & IMAGE_SEGMENT_WRITE) && (segment->flags & IMAGE_SEGMENT_EXECUTE))
        return image_refuse_hex(err, ENOEXEC, "a segment is both writable and executable", "address",
                                segment->address);
    if (segment->file_offset + segment->file_size > source->size)
        return image_refuse_hex(err, ENOEXEC, "a segment lies beyond the end of the file", "address",
                                segment->address);
    return 0;
}

static int image_add_segment(struct image *image, const Elf64_Phdr *header, const struct image_source *source,
                             struct image_error *err)
{
    if (image->segment_count == IMAGE_MAX_SEGMENTS)
        return image_refuse_count(err, ENOEXEC, "the image has too many segments", "limit",
                                  IMAGE_MAX_SEGMENTS);
    struct image_segment *segment = &image->segments[image->segment_count];
    int result = segment_read(segment, header, source, err);
    if (result != 0)
        return result;
    if (segment->start < image->end)
        return image_refuse_hex(err, ENOEXEC, "a segment overlaps the one before it", "address",
                                segment->address);
    image->end = segment->end;
    image->segment_count++;
    return 0;
}

int elf_file_read_segments(struct image *image, const struct elf_headers *headers,
                           const struct image_source *source, struct image_error *err)
{
    for (unsigned i = 0; i < headers->count; i++) {
        const Elf64_Phdr *header = &headers->entry[i];
        if (header->p_type != PT_LOAD || header->p_memsz == 0) {
            if (header->p_type == PT_LOAD && header->p_filesz != 0)
                return image_refuse_hex(err, ENOEXEC, "a segment is smaller in memory than in the file",
                                        "address", header->p_vaddr);
            continue;
        }
        int result = header->p_filesz != 0 ? image_add_segment(image, header, source, err) : 0;
        if (result != 0)
            return result;
        uint64_t end;
        if (__builtin_add_overflow(header->p_vaddr, header->p_memsz, &end))
            return image_refuse_hex(err, ENOEXEC, "a segment's end wraps around", "address", header->p_vaddr);
        if (end > image->bss_end)
            image->bss_end = end;
    }
    if (image->segment_count == 0)
        return image_refuse(err, ENOEXEC, "the image has no segment to load");
    return 0;
}
