/* elf_symbols.c - the symbols of a module: its entry, its imports, its static data. See
 * elf_file.h. */
#include <stdio.h>

#include <wattle/module.h>

#include "base/attr.h"
#include "module/elf_file.h"

#define ENTRY "wtl_module_entry"
/* Bytes of a stripped file's .data and .bss that are the toolchain's own. */
#define TOOLCHAIN_BYTES 8u

bool wtl__elf_symbol_at(const struct wtl__elf *elf, const struct wtl__elf_table *table,
                        uint64_t index, ElfW(Sym) * symbol_out)
{
    return index < table->count && wtl__elf_read(elf, table->at + index * sizeof *symbol_out,
                                                 symbol_out, sizeof *symbol_out);
}

static const char *name_of(const struct wtl__elf *elf, const struct wtl__elf_table *table,
                           const ElfW(Sym) * symbol)
{
    return wtl__elf_string(elf, table->names_at, table->names_size, symbol->st_name);
}

const char *wtl__elf_symbol(const struct wtl__elf *elf, uint64_t address, uint64_t *into_out)
{
    ElfW(Sym) symbol;
    for (uint64_t i = 0; wtl__elf_symbol_at(elf, &elf->symbols, i, &symbol); i++) {
        if ((symbol.st_info & 0xf) == STT_FUNC && address >= symbol.st_value &&
            address - symbol.st_value < symbol.st_size) {
            *into_out = address - symbol.st_value;
            return name_of(elf, &elf->symbols, &symbol);
        }
    }
    return NULL;
}

/* Finds a table; false when there is none, or it is larger than any real one. */
static bool find_table(const struct wtl__elf *elf, uint32_t type, struct wtl__elf_table *table_out)
{
    ElfW(Shdr) section;
    ElfW(Shdr) names;
    for (uint32_t i = 0; wtl__elf_section(elf, i, &section); i++) {
        if (section.sh_type == type && section.sh_size / sizeof(ElfW(Sym)) < WTL__ELF_SYMBOLS_MAX) {
            if (!wtl__elf_section(elf, section.sh_link, &names)) {
                return false;
            }
            *table_out = (struct wtl__elf_table){.at = section.sh_offset,
                                                 .count = section.sh_size / sizeof(ElfW(Sym)),
                                                 .names_at = names.sh_offset,
                                                 .names_size = names.sh_size};
            return true;
        }
    }
    return false;
}

/* The entry must be there, and nothing of ours may be wanted. */
static enum wtl_status check_dynamic(const struct wtl__elf *elf, struct wtl_error *error)
{
    ElfW(Sym) symbol;
    bool entry = false;
    for (uint64_t i = 0; wtl__elf_symbol_at(elf, &elf->dynamic_symbols, i, &symbol); i++) {
        const char *name = name_of(elf, &elf->dynamic_symbols, &symbol);
        if (name == NULL || strncmp(name, "wtl_", 4) != 0) {
            continue;
        }
        if (symbol.st_shndx == SHN_UNDEF) {
            return wtl_fail(error, WTL_ABI,
                            "imports %.100s from the runtime, but a module imports nothing of "
                            "wattle; build it with wattle_add_module(), which links that in",
                            name);
        }
        entry = entry || (strcmp(name, ENTRY) == 0 && (symbol.st_info & 0xf) == STT_FUNC);
    }
    if (!entry) {
        return wtl_fail(error, WTL_INVALID,
                        "has no function " ENTRY "; put WTL_MODULE(\"name\", \"0.1.0\", "
                        "\"summary\", &actor) into one of its files, and do not hide it");
    }
    return WTL_OK;
}

/* Writable sections that are not the module's own data: the loader's and the compiler's, and the
 * compiled formats of pack_shape.h. */
static bool is_tool_section(const char *name)
{
    static const char *const begins[] = {
        ".got",       ".init_array",  ".fini_array",    ".dynamic", ".ctors",
        ".dtors",     ".data.rel.ro", ".tm_clone",      ".jcr",     ".eh_frame",
        "__llvm_prf", "__gcov",       WTL_SHAPE_SECTION};
    for (size_t i = 0; i < WTL_COUNT(begins); i++) {
        if (strncmp(name, begins[i], strlen(begins[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_tool_symbol(const char *name)
{
    static const char *const begins[] = {"completed.", "__dso_handle", "__TMC_END__",
                                         "__gcov",     "__prof",       "_edata",
                                         "_end",       "__bss_start"};
    for (size_t i = 0; i < WTL_COUNT(begins); i++) {
        if (strncmp(name, begins[i], strlen(begins[i])) == 0) {
            return true;
        }
    }
    return false;
}

static void add_static(struct wtl__elf *elf, const char *name, uint64_t size)
{
    size_t used = strlen(elf->statics);
    (void)snprintf(elf->statics + used, sizeof elf->statics - used, "%s%.60s (%llu bytes)",
                   used > 0 ? ", " : "", name, (unsigned long long)size);
}

/* Is that section writable data of the module's own? */
static bool is_data(const struct wtl__elf *elf, uint32_t index, ElfW(Shdr) * section_out)
{
    return wtl__elf_section(elf, index, section_out) &&
           (section_out->sh_flags & (SHF_WRITE | SHF_ALLOC)) == (SHF_WRITE | SHF_ALLOC) &&
           !is_tool_section(wtl__elf_section_name(elf, section_out));
}

/* By its symbols; `has_symbol` is set for each section that has some. */
static void list_symbols(struct wtl__elf *elf, bool has_symbol[WTL__ELF_SECTIONS_MAX])
{
    ElfW(Sym) symbol;
    ElfW(Shdr) section;
    for (uint64_t i = 0; wtl__elf_symbol_at(elf, &elf->symbols, i, &symbol); i++) {
        unsigned type = symbol.st_info & 0xf;
        if (symbol.st_size == 0 || (type != STT_OBJECT && type != STT_TLS) ||
            !is_data(elf, symbol.st_shndx, &section)) {
            continue;
        }
        const char *name = name_of(elf, &elf->symbols, &symbol);
        if (name != NULL) {
            has_symbol[symbol.st_shndx] = true;
        }
        if (name != NULL && !is_tool_symbol(name)) {
            add_static(elf, name, symbol.st_size);
        }
    }
}

/* Names what is in writable sections, symbol by symbol as far as the file has them. */
static void list_statics(struct wtl__elf *elf)
{
    ElfW(Shdr) section;
    bool has_symbol[WTL__ELF_SECTIONS_MAX] = {false};
    if (!elf->stripped) {
        list_symbols(elf, has_symbol);
    }
    for (uint32_t i = 0; i < elf->head.e_shnum; i++) {
        if (is_data(elf, i, &section) && !has_symbol[i] && section.sh_size > TOOLCHAIN_BYTES) {
            add_static(elf, wtl__elf_section_name(elf, &section), section.sh_size);
        }
    }
}

enum wtl_status wtl__elf_check_symbols(struct wtl__elf *elf, struct wtl_error *error)
{
    if (!find_table(elf, SHT_DYNSYM, &elf->dynamic_symbols)) {
        return wtl_fail(error, WTL_INVALID,
                        "has no dynamic symbols; build it with "
                        "wattle_add_module()");
    }
    enum wtl_status status = check_dynamic(elf, error);
    if (status != WTL_OK) {
        return status;
    }
    elf->stripped = !find_table(elf, SHT_SYMTAB, &elf->symbols);
    if (elf->stripped) {
        elf->symbols = elf->dynamic_symbols;
    }
    /* a sanitizer has writable data of its own for each variable */
    if (!WTL_SANITIZED) {
        list_statics(elf);
    }
    return WTL_OK;
}
