/* elf_loader.c - that the system's loader will look at the same bytes as elf_file.c has, and at no
 * other library. See elf_file.h.
 *
 * We find a module's tables by its sections, the loader by the addresses in its dynamic segment. In
 * a file where these differ, what was checked is not what is loaded. */
#include "base/attr.h"
#include "module/elf_file.h"

/* What the dynamic segment says; each at most once, because the loader takes the last one. */
struct dynamic {
    uint64_t strings;
    uint64_t strings_size;
    uint64_t symbols;
    bool has_strings;
    bool has_size;
    bool has_symbols;
};

static enum wtl_status torn(struct wtl_error *error, const char *what)
{
    return wtl_fail(error, WTL_INVALID,
                    "%s, so that what was checked would not be what is loaded; build it again with "
                    "wattle_add_module(), and change nothing in the file",
                    what);
}

/* Segments in the order of their addresses, none over another, none to write and to execute. */
static enum wtl_status check_layout(const struct wtl__elf *elf, struct wtl_error *error)
{
    ElfW(Phdr) part;
    uint64_t end = 0;
    for (uint32_t i = 0; wtl__elf_segment(elf, i, &part); i++) {
        if (part.p_type != PT_LOAD) {
            continue;
        }
        if ((part.p_flags & (PF_W | PF_X)) == (PF_W | PF_X)) {
            return wtl_fail(error, WTL_INVALID,
                            "has code that can be written to; link it without -N and with a script "
                            "that keeps code and data apart");
        }
        uint64_t begin = part.p_vaddr;
        if (begin < end || part.p_filesz > part.p_memsz ||
            __builtin_add_overflow(begin, (uint64_t)part.p_memsz, &end)) {
            return torn(error, "has segments that lie over each other");
        }
    }
    return WTL_OK;
}

/* Where in the file the byte at that address comes from. */
static bool offset_of(const struct wtl__elf *elf, uint64_t address, uint64_t *offset_out)
{
    ElfW(Phdr) part;
    for (uint32_t i = 0; wtl__elf_segment(elf, i, &part); i++) {
        if (part.p_type == PT_LOAD && address >= part.p_vaddr &&
            address - part.p_vaddr < part.p_filesz) {
            *offset_out = part.p_offset + (address - part.p_vaddr);
            return true;
        }
    }
    return false;
}

static bool take(uint64_t value, uint64_t *value_out, bool *has)
{
    bool first = !*has;
    *has = true;
    *value_out = value;
    return first;
}

static enum wtl_status take_entry(const ElfW(Dyn) * entry, struct dynamic *dynamic,
                                  struct wtl_error *error)
{
    bool first = true;
    switch (entry->d_tag) {
    case DT_STRTAB:
        first = take(entry->d_un.d_ptr, &dynamic->strings, &dynamic->has_strings);
        break;
    case DT_STRSZ:
        first = take(entry->d_un.d_val, &dynamic->strings_size, &dynamic->has_size);
        break;
    case DT_SYMTAB:
        first = take(entry->d_un.d_ptr, &dynamic->symbols, &dynamic->has_symbols);
        break;
    case DT_AUXILIARY:
    case DT_FILTER:
    case DT_AUDIT:
    case DT_DEPAUDIT:
    case DT_CONFIG:
        return wtl_fail(error, WTL_INVALID,
                        "brings in a library by another way than needing it (tag %#llx); link it "
                        "without --filter, --auxiliary and --audit",
                        (unsigned long long)entry->d_tag);
    default:
        break;
    }
    return first ? WTL_OK : torn(error, "names one of its tables twice");
}

static enum wtl_status read_dynamic(const struct wtl__elf *elf, const ElfW(Phdr) * part,
                                    struct dynamic *dynamic, struct wtl_error *error)
{
    ElfW(Dyn) entry;
    uint64_t offset;
    *dynamic = (struct dynamic){0};
    if (!offset_of(elf, part->p_vaddr, &offset) || offset != part->p_offset) {
        return torn(error, "has its dynamic segment at another address");
    }
    for (uint64_t i = 0; i < WTL__ELF_DYNAMIC_MAX; i++) {
        /* the loader reads on until DT_NULL, whatever the segment's size */
        if (i >= part->p_filesz / sizeof entry ||
            !wtl__elf_read(elf, part->p_offset + i * sizeof entry, &entry, sizeof entry)) {
            return torn(error, "has a dynamic segment without an end");
        }
        if (entry.d_tag == DT_NULL) {
            return WTL_OK;
        }
        enum wtl_status status = take_entry(&entry, dynamic, error);
        if (status != WTL_OK) {
            return status;
        }
    }
    return wtl_fail(error, WTL_INVALID, "has a dynamic segment of more than %u entries",
                    WTL__ELF_DYNAMIC_MAX);
}

enum wtl_status wtl__elf_check_loader(const struct wtl__elf *elf, struct wtl_error *error)
{
    ElfW(Phdr) part;
    ElfW(Phdr) found = {0};
    struct dynamic dynamic;
    unsigned count = 0;
    uint64_t strings;
    uint64_t symbols;
    const struct wtl__elf_table *table = &elf->dynamic_symbols;
    for (uint32_t i = 0; wtl__elf_segment(elf, i, &part); i++) {
        if (part.p_type == PT_DYNAMIC) {
            found = part;
            count++;
        }
    }
    enum wtl_status status = check_layout(elf, error);
    if (status == WTL_OK && count != 1) {
        status = torn(error, "has no dynamic segment, or several");
    }
    if (status == WTL_OK) {
        status = read_dynamic(elf, &found, &dynamic, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    if (!dynamic.has_strings || !offset_of(elf, dynamic.strings, &strings) ||
        strings != table->names_at || !dynamic.has_size ||
        dynamic.strings_size != table->names_size) {
        return torn(error, "has names for the loader and names for others");
    }
    if (!dynamic.has_symbols || !offset_of(elf, dynamic.symbols, &symbols) ||
        symbols != table->at) {
        return torn(error, "has symbols for the loader and symbols for others");
    }
    return WTL_OK;
}
