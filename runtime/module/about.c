/* about.c - reads the section of WTL_MODULE from ELF files of both word sizes. See about.h. */
#include "module/about.h"

#include <elf.h>
#include <stdio.h>

#include "base/attr.h"

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#elif defined(__arm__)
#define OWN_MACHINE EM_ARM
#elif defined(__i386__)
#define OWN_MACHINE EM_386
#elif defined(__riscv)
#define OWN_MACHINE EM_RISCV
#else
#define OWN_MACHINE EM_NONE /* nothing is known to be for this one */
#endif

#define SECTIONS_MAX 4096u
/* The texts with their NULs, and what a compiler may put behind them. */
#define ABOUT_MAX 1024u
/* The lowest character that a text may have. */
#define WORD '!'
#define LINE ' '

/* Where the fields are that are read: of the head, and of one section. */
struct layout {
    uint8_t head_bytes;
    uint8_t sections_at; /* e_shoff */
    uint8_t count_at;    /* e_shentsize, e_shnum and e_shstrndx follow each other */
    uint8_t word_bytes;
    uint8_t section_bytes;
    uint8_t offset_at; /* sh_offset */
    uint8_t size_at;   /* sh_size */
};

static const struct layout layouts[] = {
    {sizeof(Elf32_Ehdr), offsetof(Elf32_Ehdr, e_shoff), offsetof(Elf32_Ehdr, e_shentsize), 4,
     sizeof(Elf32_Shdr), offsetof(Elf32_Shdr, sh_offset), offsetof(Elf32_Shdr, sh_size)},
    {sizeof(Elf64_Ehdr), offsetof(Elf64_Ehdr, e_shoff), offsetof(Elf64_Ehdr, e_shentsize), 8,
     sizeof(Elf64_Shdr), offsetof(Elf64_Shdr, sh_offset), offsetof(Elf64_Shdr, sh_size)},
};

struct file {
    const uint8_t *bytes;
    size_t size;
    const struct layout *layout;
    uint64_t sections;
    uint16_t count;
    uint16_t names;
};

struct section {
    uint32_t name;
    uint64_t offset;
    uint64_t size;
};

/* A little-endian number; the caller knows that it is there. */
static uint64_t number(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

static bool section_at(const struct file *file, uint32_t index, struct section *section_out)
{
    const struct layout *layout = file->layout;
    uint64_t at = file->sections + (uint64_t)index * layout->section_bytes;
    if (index >= file->count || at < file->sections || at > file->size ||
        file->size - at < layout->section_bytes) {
        return false;
    }
    const uint8_t *bytes = file->bytes + at;
    *section_out = (struct section){
        .name = (uint32_t)number(bytes, 4),
        .offset = number(bytes + layout->offset_at, layout->word_bytes),
        .size = number(bytes + layout->size_at, layout->word_bytes),
    };
    return section_out->offset <= file->size &&
           file->size - section_out->offset >= section_out->size;
}

static bool is_called(const struct file *file, const struct section *names,
                      const struct section *section, const char *name)
{
    size_t size = strlen(name) + 1;
    return section->name < names->size && names->size - section->name >= size &&
           memcmp(file->bytes + names->offset + section->name, name, size) == 0;
}

static bool open_file(const uint8_t *bytes, size_t size, struct file *file_out,
                      struct wtl__about *about_out)
{
    if (size < EI_NIDENT || memcmp(bytes, ELFMAG, SELFMAG) != 0 || bytes[EI_DATA] != ELFDATA2LSB ||
        (bytes[EI_CLASS] != ELFCLASS32 && bytes[EI_CLASS] != ELFCLASS64)) {
        return false;
    }
    const struct layout *layout = &layouts[bytes[EI_CLASS] == ELFCLASS64];
    if (size < layout->head_bytes) {
        return false;
    }
    *file_out = (struct file){
        .bytes = bytes,
        .size = size,
        .layout = layout,
        .sections = number(bytes + layout->sections_at, layout->word_bytes),
        .count = (uint16_t)number(bytes + layout->count_at + 2, 2),
        .names = (uint16_t)number(bytes + layout->count_at + 4, 2),
    };
    about_out->machine = (uint16_t)number(bytes + offsetof(Elf64_Ehdr, e_machine), 2);
    about_out->bits = (uint16_t)(8 * layout->word_bytes);
    return number(bytes + layout->count_at, 2) == layout->section_bytes &&
           file_out->count <= SECTIONS_MAX;
}

/* The next of the texts: copied, and checked to be printable. */
static bool take(const char **at, const char *end, char lowest, char *out, size_t capacity)
{
    size_t size = strnlen(*at, (size_t)(end - *at));
    if (size == 0 || size >= capacity || size == (size_t)(end - *at)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if ((*at)[i] < lowest || (*at)[i] > '~') {
            return false;
        }
    }
    memcpy(out, *at, size + 1);
    *at += size + 1;
    return true;
}

/* "1.0" */
static bool read_abi(const char *text, struct wtl__about *about)
{
    unsigned major;
    unsigned minor;
    char again[16];
    if (sscanf(text, "%5u.%5u", &major, &minor) != 2 || major > UINT16_MAX || minor > UINT16_MAX) {
        return false;
    }
    about->abi_major = (uint16_t)major;
    about->abi_minor = (uint16_t)minor;
    (void)snprintf(again, sizeof again, "%u.%u", major, minor);
    return strcmp(text, again) == 0;
}

static bool read_texts(const char *at, size_t size, struct wtl__about *about)
{
    const char *end = at + size;
    char abi[16];
    return size <= ABOUT_MAX && take(&at, end, WORD, about->name, sizeof about->name) &&
           wtl__module_is_name(about->name) &&
           take(&at, end, WORD, about->version, sizeof about->version) &&
           take(&at, end, WORD, abi, sizeof abi) && read_abi(abi, about) &&
           take(&at, end, LINE, about->compiler, sizeof about->compiler);
}

enum wtl_status wtl__about_read(const void *bytes, size_t size, struct wtl__about *about_out,
                                struct wtl_error *error)
{
    struct file file;
    struct section names;
    struct section section;
    *about_out = (struct wtl__about){0};
    if (!open_file(bytes, size, &file, about_out)) {
        return wtl_fail(error, WTL_INVALID,
                        "is no shared object: expected a little-endian ELF file with a section "
                        "table; give the .so that wattle_add_module() has built");
    }
    bool named = section_at(&file, file.names, &names);
    for (uint32_t i = 0; named && i < file.count; i++) {
        if (!section_at(&file, i, &section) ||
            !is_called(&file, &names, &section, WTL_MODULE_ABOUT_SECTION)) {
            continue;
        }
        if (!read_texts((const char *)file.bytes + section.offset, (size_t)section.size,
                        about_out)) {
            return wtl_fail(error, WTL_INVALID,
                            "is named \"%.70s\", version \"%.40s\": expected [a-z0-9_] with %u "
                            "characters at most, and %u without spaces; write it with WTL_MODULE",
                            about_out->name, about_out->version, WTL_NAME_MAX, WTL__VERSION_MAX);
        }
        return WTL_OK;
    }
    return WTL_OK;
}

/* Where its section table ends, which stands behind everything else; 0 when that cannot be. */
static uint64_t whole_size(const void *bytes, size_t size)
{
    struct file file;
    struct wtl__about about;
    uint64_t end = 0;
    return open_file(bytes, size, &file, &about) &&
                   !__builtin_add_overflow(file.sections,
                                           (uint64_t)file.count * file.layout->section_bytes, &end)
               ? end
               : 0;
}

enum wtl_status wtl__about_demand(const void *bytes, size_t size, struct wtl__about *about_out,
                                  struct wtl_error *error)
{
    enum wtl_status status = wtl__about_read(bytes, size, about_out, error);
    if (status != WTL_OK || about_out->name[0] != '\0') {
        return status;
    }
    uint64_t whole = whole_size(bytes, size);
    if (whole > size) {
        return wtl_fail(error, WTL_INVALID,
                        "is cut off: expected %llu bytes, found %zu; copy it again",
                        (unsigned long long)whole, size);
    }
    return wtl_fail(error, WTL_INVALID,
                    "does not say its name, version and ABI: it has no section %s; write it with "
                    "WTL_MODULE and build it with wattle_add_module()",
                    WTL_MODULE_ABOUT_SECTION);
}

enum wtl_status wtl__about_check(const struct wtl__about *about, struct wtl_error *error)
{
    return wtl__module_check_abi(about->abi_major, about->abi_minor, about->compiler, error);
}

enum wtl_status wtl__about_confirm(const struct wtl__about *about, const struct wtl_module *entry,
                                   struct wtl_error *error)
{
    if (about->name[0] == '\0' ||
        (strcmp(about->name, entry->name) == 0 && strcmp(about->version, entry->version) == 0 &&
         about->abi_major == entry->abi_major && about->abi_minor == entry->abi_minor)) {
        return WTL_OK;
    }
    return wtl_fail(error, WTL_INVALID,
                    "is %s %s (ABI %u.%u) by its file and %s %s (ABI %u.%u) by its entry; write it "
                    "with one WTL_MODULE, and build all of it anew",
                    about->name, about->version, about->abi_major, about->abi_minor, entry->name,
                    entry->version, entry->abi_major, entry->abi_minor);
}

bool wtl__about_is_native(const struct wtl__about *about)
{
    return about->machine == OWN_MACHINE && about->bits == 8 * sizeof(void *);
}

const char *wtl__about_machine(const struct wtl__about *about)
{
    static const struct {
        uint16_t machine;
        const char *name;
    } machines[] = {{EM_X86_64, "x86_64"}, {EM_AARCH64, "aarch64"}, {EM_ARM, "arm"},
                    {EM_386, "i386"},      {EM_RISCV, "riscv"},     {EM_PPC64, "ppc64"}};
    for (size_t i = 0; i < WTL_COUNT(machines); i++) {
        if (machines[i].machine == about->machine) {
            return machines[i].name;
        }
    }
    return "machine";
}
