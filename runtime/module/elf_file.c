/* elf_file.c - the head, the segments and the dynamic section of a module. See elf_file.h. */
#include "module/elf_file.h"

#include <stdio.h>

#include <wattle/module.h>

#include "base/attr.h"

#define NATIVE_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
#define NATIVE_DATA  (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

bool wtl__elf_read(const struct wtl__elf *elf, uint64_t at, void *out, size_t size)
{
    if (at > elf->size || elf->size - at < size) {
        return false;
    }
    memcpy(out, elf->bytes + at, size);
    return true;
}

const char *wtl__elf_string(const struct wtl__elf *elf, uint64_t begin, uint64_t size, uint64_t at)
{
    if (begin > elf->size || elf->size - begin < size || at >= size) {
        return NULL;
    }
    const char *text = (const char *)elf->bytes + begin + at;
    uint64_t room = size - at < WTL__ELF_NAME_MAX ? size - at : WTL__ELF_NAME_MAX;
    return memchr(text, '\0', (size_t)room) != NULL ? text : NULL;
}

bool wtl__elf_section(const struct wtl__elf *elf, uint32_t index, ElfW(Shdr) * section_out)
{
    return index < elf->head.e_shnum &&
           wtl__elf_read(elf, elf->head.e_shoff + (uint64_t)index * sizeof *section_out,
                         section_out, sizeof *section_out);
}

const char *wtl__elf_section_name(const struct wtl__elf *elf, const ElfW(Shdr) * section)
{
    ElfW(Shdr) names;
    const char *name = NULL;
    if (wtl__elf_section(elf, elf->head.e_shstrndx, &names)) {
        name = wtl__elf_string(elf, names.sh_offset, names.sh_size, section->sh_name);
    }
    return name != NULL ? name : "";
}

bool wtl__elf_segment(const struct wtl__elf *elf, uint32_t index, ElfW(Phdr) * segment_out)
{
    return index < elf->head.e_phnum &&
           wtl__elf_read(elf, elf->head.e_phoff + (uint64_t)index * sizeof *segment_out,
                         segment_out, sizeof *segment_out);
}

/* Is it a shared object for this machine at all? */
static enum wtl_status check_head(struct wtl__elf *elf, struct wtl_error *error)
{
    const ElfW(Ehdr) *head = &elf->head;
    if (elf->size < SELFMAG || memcmp(elf->bytes, ELFMAG, SELFMAG) != 0) {
        char begin[9] = "";
        for (size_t i = 0; i < 8 && i < elf->size; i++) {
            uint8_t byte = elf->bytes[i];
            begin[i] = byte >= 0x20 && byte < 0x7f ? (char)byte : '.';
        }
        return wtl_fail(error, WTL_INVALID,
                        "is no shared object: expected an ELF file, found one that begins with "
                        "\"%s\"; give the .so that wattle_add_module() has built",
                        begin);
    }
    if (!wtl__elf_read(elf, 0, &elf->head, sizeof elf->head)) {
        return wtl_fail(error, WTL_INVALID, "is cut off within its first %zu bytes; copy it again",
                        sizeof elf->head);
    }
    if (head->e_ident[EI_CLASS] != NATIVE_CLASS || head->e_ident[EI_DATA] != NATIVE_DATA) {
        return wtl_fail(error, WTL_INVALID,
                        "is for a machine of another word size or byte order: expected %zu bits; "
                        "build it for this machine",
                        8 * sizeof(void *));
    }
    if (head->e_type != ET_DYN) {
        return wtl_fail(error, WTL_INVALID,
                        "is an ELF file of type %u, expected a shared object (%u); build it with "
                        "wattle_add_module()",
                        head->e_type, ET_DYN);
    }
    if (head->e_phentsize != sizeof(ElfW(Phdr)) || head->e_phnum == 0 ||
        head->e_phnum > WTL__ELF_SEGMENTS_MAX || head->e_shentsize != sizeof(ElfW(Shdr)) ||
        head->e_shnum == 0 || head->e_shnum > WTL__ELF_SECTIONS_MAX) {
        return wtl_fail(error, WTL_INVALID,
                        "has %u segments and %u sections: expected 1 to %u and 1 to %u; build it "
                        "again, and do not remove its section table",
                        head->e_phnum, head->e_shnum, WTL__ELF_SEGMENTS_MAX, WTL__ELF_SECTIONS_MAX);
    }
    return WTL_OK;
}

/* A copy that was cut off lacks its end, where the section table is. */
static enum wtl_status check_whole(const struct wtl__elf *elf, struct wtl_error *error)
{
    uint64_t end = 0;
    ElfW(Phdr) part;
    if (__builtin_add_overflow((uint64_t)elf->head.e_shoff,
                               (uint64_t)elf->head.e_shnum * sizeof(ElfW(Shdr)), &end) ||
        end > elf->size) {
        return wtl_fail(error, WTL_INVALID,
                        "is cut off: expected %llu bytes, found %zu; copy it again",
                        (unsigned long long)end, elf->size);
    }
    for (uint32_t i = 0; i < elf->head.e_phnum; i++) {
        if (!wtl__elf_segment(elf, i, &part) ||
            (part.p_type == PT_LOAD &&
             (part.p_offset > elf->size || elf->size - part.p_offset < part.p_filesz))) {
            return wtl_fail(error, WTL_INVALID,
                            "is cut off: segment %u lies behind its end at %zu bytes; copy it "
                            "again",
                            i, elf->size);
        }
    }
    return WTL_OK;
}

/* The machine of a shared object is that of the program which is running: compared with it. */
static enum wtl_status check_machine(const struct wtl__elf *elf, struct wtl_error *error)
{
    static const char self_path[] = "/proc/self/exe";
    ElfW(Ehdr) own;
    FILE *file = fopen(self_path, "re");
    bool known = file != NULL && fread(&own, sizeof own, 1, file) == 1;
    if (file != NULL) {
        (void)fclose(file);
    }
    if (known && own.e_machine != elf->head.e_machine) {
        return wtl_fail(error, WTL_INVALID,
                        "is for machine type %u, this node's is %u; build it for this machine",
                        elf->head.e_machine, own.e_machine);
    }
    return WTL_OK;
}

/* The libraries that every module may need. */
static bool is_system_library(const char *name)
{
    static const char *const exact[] = {"libc.so.6",  "libm.so.6",  "libpthread.so.0",
                                        "libdl.so.2", "librt.so.1", "libgcc_s.so.1"};
    static const char *const begins[] = {"ld-linux", "ld64", "ld-musl", "libc.musl-"};
    static const char *const sanitizers[] = {"libasan.so", "libubsan.so", "libtsan.so",
                                             "libclang_rt."};
    for (size_t i = 0; i < WTL_COUNT(exact); i++) {
        if (strcmp(name, exact[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < WTL_COUNT(begins); i++) {
        if (strncmp(name, begins[i], strlen(begins[i])) == 0) {
            return true;
        }
    }
    for (size_t i = 0; WTL_SANITIZED && i < WTL_COUNT(sanitizers); i++) {
        if (strncmp(name, sanitizers[i], strlen(sanitizers[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Where the linker has put what all of WTL_MODULE_NEEDS say. */
static bool find_needs(const struct wtl__elf *elf, ElfW(Shdr) * needs_out)
{
    uint32_t i = 0;
    while (wtl__elf_section(elf, i, needs_out) &&
           strcmp(wtl__elf_section_name(elf, needs_out), WTL_MODULE_NEEDS_SECTION) != 0) {
        i++;
    }
    return i < elf->head.e_shnum && needs_out->sh_size <= WTL__ELF_NEEDS_MAX;
}

/* Does the module say so, by WTL_MODULE_NEEDS? */
static bool is_declared(const struct wtl__elf *elf, const char *library)
{
    ElfW(Shdr) needs;
    const char *name = NULL;
    if (!find_needs(elf, &needs)) {
        return false;
    }
    for (uint64_t at = 0; (name = wtl__elf_string(elf, needs.sh_offset, needs.sh_size, at)) != NULL;
         at += strlen(name) + 1) {
        if (strcmp(name, library) == 0) {
            return true;
        }
    }
    return false;
}

static enum wtl_status check_needed(const struct wtl__elf *elf, const char *name,
                                    struct wtl_error *error)
{
    if (name == NULL) {
        return wtl_fail(error, WTL_INVALID, "names a library outside of its string table");
    }
    if (strchr(name, '/') != NULL) {
        return wtl_fail(error, WTL_INVALID,
                        "needs the library %.100s by its path; link it by name, so that the "
                        "system's loader finds it",
                        name);
    }
    if (!is_system_library(name) && !is_declared(elf, name)) {
        return wtl_fail(error, WTL_INVALID,
                        "needs the library %.100s, which it does not declare; put "
                        "WTL_MODULE_NEEDS(\"%.100s\") beside WTL_MODULE, or do not link it",
                        name, name);
    }
    return WTL_OK;
}

/* Where the dynamic section's strings are in the file: its own field is an address in memory. */
static bool dynamic_strings(const struct wtl__elf *elf, ElfW(Shdr) * strings_out)
{
    ElfW(Shdr) section;
    for (uint32_t i = 0; wtl__elf_section(elf, i, &section); i++) {
        if (section.sh_type == SHT_DYNAMIC) {
            return wtl__elf_section(elf, section.sh_link, strings_out);
        }
    }
    return false;
}

static enum wtl_status check_dynamic(const struct wtl__elf *elf, const ElfW(Phdr) * part,
                                     struct wtl_error *error)
{
    ElfW(Shdr) strings;
    ElfW(Dyn) entry;
    if (!dynamic_strings(elf, &strings)) {
        return wtl_fail(error, WTL_INVALID, "has a dynamic segment without a dynamic section");
    }
    for (uint64_t i = 0; i < part->p_filesz / sizeof entry && i < WTL__ELF_DYNAMIC_MAX; i++) {
        if (!wtl__elf_read(elf, part->p_offset + i * sizeof entry, &entry, sizeof entry) ||
            entry.d_tag == DT_NULL) {
            break;
        }
        enum wtl_status status = WTL_OK;
        if (entry.d_tag == DT_NEEDED) {
            status = check_needed(
                elf, wtl__elf_string(elf, strings.sh_offset, strings.sh_size, entry.d_un.d_val),
                error);
        } else if (entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH) {
            const char *where =
                wtl__elf_string(elf, strings.sh_offset, strings.sh_size, entry.d_un.d_val);
            status = wtl_fail(error, WTL_INVALID,
                              "brings its own search path for libraries (%.100s); link it "
                              "without -rpath",
                              where != NULL ? where : "?");
        } else if (entry.d_tag == DT_TEXTREL ||
                   (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_TEXTREL) != 0)) {
            status = wtl_fail(error, WTL_INVALID,
                              "wants to write to its own code; compile it "
                              "with -fPIC");
        } else if (entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_NODELETE) != 0) {
            /* refused later, it would stay under its descriptor's name */
            status = wtl_fail(error, WTL_INVALID,
                              "cannot be taken back; link it without "
                              "-z nodelete");
        }
        if (status != WTL_OK) {
            return status;
        }
    }
    return WTL_OK;
}

static enum wtl_status check_segments(const struct wtl__elf *elf, struct wtl_error *error)
{
    ElfW(Phdr) part;
    bool dynamic = false;
    for (uint32_t i = 0; wtl__elf_segment(elf, i, &part); i++) {
        if (part.p_type == PT_GNU_STACK && (part.p_flags & PF_X) != 0) {
            return wtl_fail(error, WTL_INVALID,
                            "wants a stack that can be executed; link it with -z noexecstack");
        }
        if (part.p_type == PT_DYNAMIC) {
            dynamic = true;
            enum wtl_status status = check_dynamic(elf, &part, error);
            if (status != WTL_OK) {
                return status;
            }
        }
    }
    return dynamic ? WTL_OK
                   : wtl_fail(error, WTL_INVALID,
                              "has no dynamic segment; build it with "
                              "wattle_add_module()");
}

/* One that was not written with WTL_MODULE says nothing; its entry will. */
static enum wtl_status check_about(struct wtl__elf *elf, struct wtl_error *error)
{
    enum wtl_status status = wtl__about_read(elf->bytes, elf->size, &elf->about, error);
    return status == WTL_OK && elf->about.name[0] != '\0' ? wtl__about_check(&elf->about, error)
                                                          : status;
}

enum wtl_status wtl__elf_check(const void *bytes, size_t size, struct wtl__elf *elf_out,
                               struct wtl_error *error)
{
    *elf_out = (struct wtl__elf){.bytes = bytes, .size = size};
    enum wtl_status status = check_head(elf_out, error);
    if (status == WTL_OK) {
        status = check_whole(elf_out, error);
    }
    if (status == WTL_OK) {
        status = check_machine(elf_out, error);
    }
    if (status == WTL_OK) {
        status = check_segments(elf_out, error);
    }
    if (status == WTL_OK) {
        status = check_about(elf_out, error);
    }
    if (status == WTL_OK) {
        status = wtl__elf_check_symbols(elf_out, error);
    }
    return status == WTL_OK ? wtl__elf_check_loader(elf_out, error) : status;
}
