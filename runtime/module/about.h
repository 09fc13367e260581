/*
 * about.h - what a module's file says of itself in a section of its own: name, version, ABI.
 *
 * WTL_MODULE writes it. It is read without running anything, of files for any machine, so that a
 * module can be signed where it was built, and one of another ABI is refused before it is mapped.
 *
 * Thread: any. Owns: plain values.
 */
#ifndef WTL_MODULE_ABOUT_H
#define WTL_MODULE_ABOUT_H

#include <wattle/module.h>

#include "module/describe.h"

struct wtl__about {
    char name[WTL_NAME_MAX + 1];
    char version[WTL__VERSION_MAX + 1];
    char compiler[64];
    uint16_t abi_major;
    uint16_t abi_minor;
    uint16_t machine; /* EM_X86_64, ... */
    uint16_t bits;    /* 32 or 64 */
};

/* Reads it from the bytes of a file, which may be anything; of one without such a section the name
 * is "". Fails: WTL_INVALID when they are no little-endian ELF file, or what the section holds
 * cannot be read. */
enum wtl_status wtl__about_read(const void *bytes, size_t size, struct wtl__about *about_out,
                                struct wtl_error *error) WTL_MUST_USE;

/* The same for a file that has to say it. */
enum wtl_status wtl__about_demand(const void *bytes, size_t size, struct wtl__about *about_out,
                                  struct wtl_error *error) WTL_MUST_USE;

/* Is it for this node? Fails: WTL_ABI, naming both numbers. */
enum wtl_status wtl__about_check(const struct wtl__about *about,
                                 struct wtl_error *error) WTL_MUST_USE;

/* Does the entry, which has run now, say the same as the file did before? A file that says nothing
 * agrees with all. Fails: WTL_INVALID. */
enum wtl_status wtl__about_confirm(const struct wtl__about *about, const struct wtl_module *entry,
                                   struct wtl_error *error) WTL_MUST_USE;

/* Was it built for this kind of machine? */
bool wtl__about_is_native(const struct wtl__about *about);

/* "x86_64", "aarch64", ...; "machine" for one that has no name here. */
const char *wtl__about_machine(const struct wtl__about *about);

#endif
