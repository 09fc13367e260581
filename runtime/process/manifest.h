/*
 * manifest.h - what a module says of itself, and an actor's settings, as bytes.
 *
 * The process of a module packs the module's description and the node reads it: no code of the
 * module has run in the node. Strings travel with their NUL, so that what is read points into the
 * bytes. That it is sane (names, sizes, settings) is module/describe.h's to check.
 *
 * Settings go the other way, field by field, because strings in them are pointers. Settings without
 * fields are plain bytes.
 *
 * Thread: any. Owns: see each.
 */
#ifndef WTL_PROCESS_MANIFEST_H
#define WTL_PROCESS_MANIFEST_H

#include <wattle/module.h>

/* Bytes of a packed module, and of packed settings. */
#define WTL__MANIFEST_MAX        (1024u * 1024)
#define WTL__PACKED_SETTINGS_MAX (1024u * 1024)

struct wtl__manifest {
    struct wtl_module module;
    uint8_t *bytes; /* what it was read from; its strings are in there */
    size_t size;
    struct wtl_actor *actors;       /* with functions that do nothing where the module has some */
    const struct wtl_actor **table; /* module.actors */
    struct wtl_field *fields;       /* of all of them */
};

void wtl__manifest_put(struct wtl_writer *writer, const struct wtl_module *module);

/* Reads a module of `size` bytes, which are copied.
 * Fails: WTL_BAD_PAYLOAD, WTL_TOO_LARGE, WTL_NO_MEMORY; there is nothing to deinit then. */
enum wtl_status wtl__manifest_get(const uint8_t *bytes, size_t size,
                                  struct wtl__manifest *manifest_out) WTL_MUST_USE;
void wtl__manifest_deinit(struct wtl__manifest *manifest);

/* Packs settings_size bytes of settings; NULL are the defaults. */
void wtl__settings_put(struct wtl_writer *writer, const struct wtl_actor *type,
                       const void *settings);

/* Reads them into a block of settings_size bytes, zeroed before. Strings point into the bytes.
 * Fails: WTL_BAD_PAYLOAD; WTL_INVALID when a setting is mandatory and has no default. */
enum wtl_status wtl__settings_get(struct wtl_reader *reader, const struct wtl_actor *type,
                                  void *settings) WTL_MUST_USE;

#endif
