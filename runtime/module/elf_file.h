/*
 * elf_file.h - what a module's file says about itself, read from its bytes before it is loaded.
 *
 * Pure functions over the bytes, which may be anything: each offset is checked before it is
 * followed. What is found is a help against accidents, such as a cut off copy, a wrong machine or a
 * library that came in by mistake; against malice stands the signature over the same bytes.
 *
 * Thread: any. Owns: nothing; strings point into the bytes.
 */
#ifndef WTL_MODULE_ELF_FILE_H
#define WTL_MODULE_ELF_FILE_H

#include <link.h>

#include <wattle/status.h>
#include <wattle/types.h>

#include "module/about.h"

/* Bounds of what is looked at. */
#define WTL__ELF_SEGMENTS_MAX 64u
#define WTL__ELF_SECTIONS_MAX 4096u
#define WTL__ELF_DYNAMIC_MAX  4096u
#define WTL__ELF_SYMBOLS_MAX  (1u << 20)
#define WTL__ELF_NAME_MAX     4096u /* bytes, with its NUL; a longer one is none */
#define WTL__ELF_NEEDS_MAX    4096u /* bytes of WTL_MODULE_NEEDS */

/* A table of symbols: where, how many, and where their names are. */
struct wtl__elf_table {
    uint64_t at;
    uint64_t count;
    uint64_t names_at;
    uint64_t names_size;
};

struct wtl__elf {
    const uint8_t *bytes;
    size_t size;
    ElfW(Ehdr) head;
    struct wtl__about about;
    struct wtl__elf_table symbols; /* .symtab, or .dynsym in a stripped file */
    struct wtl__elf_table dynamic_symbols;
    bool stripped;
    char statics[160]; /* the writable static data by name; "" when there is none */
};

/* Refuses what cannot be, or should not be, a module on this machine.
 * Fails: WTL_INVALID, or WTL_ABI for one of another ABI or that imports from the runtime. */
enum wtl_status wtl__elf_check(const void *bytes, size_t size, struct wtl__elf *elf_out,
                               struct wtl_error *error) WTL_MUST_USE;

/* Refuses what a module may not call when it shares the node's process. Fails: WTL_DENIED. */
enum wtl_status wtl__elf_check_calls(const struct wtl__elf *elf,
                                     struct wtl_error *error) WTL_MUST_USE;

/* The function that this address of the file is in, and how far into it; NULL when the file names
 * none. Thread: any, and signal handlers. */
const char *wtl__elf_symbol(const struct wtl__elf *elf, uint64_t address, uint64_t *into_out);

/* ---- between the files that check ----------------------------------------------------------- */

/* Copies `size` bytes from offset `at`; false when they are not all there. */
bool wtl__elf_read(const struct wtl__elf *elf, uint64_t at, void *out, size_t size);
/* A NUL-terminated string within [begin, begin + size) of the file; NULL when it is none. Bounds:
 * WTL__ELF_NAME_MAX. */
const char *wtl__elf_string(const struct wtl__elf *elf, uint64_t begin, uint64_t size, uint64_t at);
bool wtl__elf_segment(const struct wtl__elf *elf, uint32_t index, ElfW(Phdr) * segment_out);
bool wtl__elf_section(const struct wtl__elf *elf, uint32_t index, ElfW(Shdr) * section_out);
const char *wtl__elf_section_name(const struct wtl__elf *elf, const ElfW(Shdr) * section);

bool wtl__elf_symbol_at(const struct wtl__elf *elf, const struct wtl__elf_table *table,
                        uint64_t index, ElfW(Sym) * symbol_out);

/* Will the loader find the same tables, and no library besides those that are needed? Behind
 * wtl__elf_check_symbols. */
enum wtl_status wtl__elf_check_loader(const struct wtl__elf *elf,
                                      struct wtl_error *error) WTL_MUST_USE;

/* Finds the symbol tables, checks exports and imports, and lists writable static data. */
enum wtl_status wtl__elf_check_symbols(struct wtl__elf *elf, struct wtl_error *error) WTL_MUST_USE;

#endif
