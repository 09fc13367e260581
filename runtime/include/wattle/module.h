/*
 * module.h - making an actor module: a shared object that a node loads.
 *
 *     WTL_MODULE("climate", "0.1.0", "Reads a BME280 and stores it.", &temp, &rain, &store);
 *
 * in one of the module's files is all. The actors of the module are then climate.temp, climate.rain
 * and climate.store. The module exports one function and imports none of the node's: whatever an
 * actor does goes through the table in its context. In CMake, wattle_add_module() builds it.
 *
 * A node refuses a module before any of its code has run when its signature is not good, the file
 * is no shared object of this kind of machine, is cut off, was built for another ABI, lacks the
 * entry, imports a function of the runtime or one that a module in the node may not call (it makes
 * processes or threads, handles signals, loads libraries or ends the process), or needs a library
 * that it does not declare; and before any actor has run when a description is not valid, or there
 * is writable static data that is not declared.
 *
 * Thread: the entry is called once, by the thread that loads. Owns: all of it is static.
 */
#ifndef WATTLE_MODULE_H
#define WATTLE_MODULE_H

#include <wattle/actor.h>

/* "wtl" and the version of this very struct's beginning. */
#define WTL_MODULE_MAGIC UINT32_C(0x776c7401)

/* Actors of one module; settings and answers of one actor. */
#define WTL_MODULE_ACTORS_MAX 256u
#define WTL_FIELDS_MAX        64u
#define WTL_ANSWERERS_MAX     256u

/* struct wtl_module.flags */
/* Static data that is written to, on purpose. Actors of one type run on several threads at once,
 * and a fault or an upgrade leaves such data as it is: say so only when that is right. */
#define WTL_MODULE_STATICS 1u

/* What the entry returns. It grows at the end only; `size` says how much of it there is. */
struct wtl_module {
    uint32_t magic;
    uint32_t size;
    uint16_t abi_major; /* must be the node's */
    uint16_t abi_minor; /* at most the node's */
    uint16_t pointer_size;
    uint16_t flags;
    const char *name;     /* as an actor's; unique on a node */
    const char *version;  /* 1.2.3, perhaps with more behind it; at most 31 bytes */
    const char *summary;  /* one line */
    const char *compiler; /* what built it, for refusals */
    const struct wtl_actor *const *actors;
    uint32_t actors_count;
};

/* The lowest minor number of a node that the module runs on. One that asks WTL_HAS before it uses
 * what is newer, as in WTL_HAS(x->api, tables), may define a lower one before this header, as a
 * plain number. */
#ifndef WTL_MODULE_ABI_MINOR
#define WTL_MODULE_ABI_MINOR WTL_ABI_MINOR
#endif

/* The entry's name. A program that links several modules statically gives each its own. */
#ifndef WTL_MODULE_ENTRY
#define WTL_MODULE_ENTRY wtl_module_entry
#endif

/* gcc's version is a number alone. */
#ifdef __clang__
#define WTL_MODULE_COMPILER_ __VERSION__
#else
#define WTL_MODULE_COMPILER_ "gcc " __VERSION__
#endif

/* The module, with flags: name, version and summary are literals, then the actors' addresses. Name,
 * version, ABI and compiler also lie in a section of their own, and are read there without running
 * code. */
#define WTL_MODULE_AS(flag_bits, module_name, module_version, module_summary, ...)                 \
    static const char wtl_about_[]                                                                 \
        __attribute__((used, aligned(1), section(WTL_MODULE_ABOUT_SECTION))) =                     \
            module_name "\0" module_version "\0" WTL_MODULE_ABI_TEXT_ "\0" WTL_MODULE_COMPILER_;   \
    __attribute__((visibility("default"))) const struct wtl_module *WTL_MODULE_ENTRY(void);        \
    const struct wtl_module *WTL_MODULE_ENTRY(void)                                                \
    {                                                                                              \
        static const struct wtl_actor *const actors_[] = {__VA_ARGS__};                            \
        static const struct wtl_module module_ = {                                                 \
            .magic = WTL_MODULE_MAGIC,                                                             \
            .size = sizeof(struct wtl_module),                                                     \
            .abi_major = WTL_ABI_MAJOR,                                                            \
            .abi_minor = WTL_MODULE_ABI_MINOR,                                                     \
            .pointer_size = sizeof(void *),                                                        \
            .flags = (flag_bits),                                                                  \
            .name = (module_name),                                                                 \
            .version = (module_version),                                                           \
            .summary = (module_summary),                                                           \
            .compiler = WTL_MODULE_COMPILER_,                                                      \
            .actors = actors_,                                                                     \
            .actors_count = sizeof actors_ / sizeof actors_[0],                                    \
        };                                                                                         \
        return &module_;                                                                           \
    }                                                                                              \
    const struct wtl_module *WTL_MODULE_ENTRY(void)

#define WTL_MODULE_ABOUT_SECTION    "wtl_about"
#define WTL_MODULE_TEXT_(number)    WTL_MODULE_TEXT_OF_(number)
#define WTL_MODULE_TEXT_OF_(number) #number
#define WTL_MODULE_ABI_TEXT_                                                                       \
    WTL_MODULE_TEXT_(WTL_ABI_MAJOR) "." WTL_MODULE_TEXT_(WTL_MODULE_ABI_MINOR)

/* The module: name, version, summary, &actor, &actor, ... */
#define WTL_MODULE(...) WTL_MODULE_AS(0, __VA_ARGS__)

/* Declares a library that the module is linked with, by its soname; the C library needs none:
 *
 *     WTL_MODULE_NEEDS("libsqlite3.so.0");
 *
 * A library that came in by accident, or that somebody has put in the way, is then seen before it
 * is loaded. */
#define WTL_MODULE_NEEDS_SECTION             "wtl_needs"
#define WTL_MODULE_NEEDS(soname)             WTL_MODULE_NEEDS_AT_(soname, __COUNTER__)
#define WTL_MODULE_NEEDS_AT_(soname, number) WTL_MODULE_NEEDS_NAMED_(soname, number)
#define WTL_MODULE_NEEDS_NAMED_(soname, number)                                                    \
    static const char wtl_needs_##number##_[]                                                      \
        __attribute__((used, aligned(1), section(WTL_MODULE_NEEDS_SECTION))) = soname

#endif
