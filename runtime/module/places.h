/*
 * places.h - which loaded object an address belongs to; may be asked in a signal handler.
 *
 * The system's own answers take the loader's lock. This is a table of all loaded objects, made anew
 * after each module that is loaded and published whole; former tables stay, because a handler may
 * be reading one.
 *
 * Thread: wtl__place_of any, and signal handlers; the others one at a time in a process.
 * Owns: the tables, for ever.
 */
#ifndef WTL_MODULE_PLACES_H
#define WTL_MODULE_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wtl__module;

/* Loaded objects that are known; further ones are nobody's. */
#define WTL__PLACES_MAX 512u

struct wtl__place {
    uintptr_t begin; /* all that is mapped of it */
    uintptr_t end;
    uintptr_t base; /* what its own addresses are counted from */
    uintptr_t text_begin;
    uintptr_t text_end;
    struct wtl__module *module; /* NULL: no module of ours */
    char name[48];              /* its file's, or the module's */
};

/* Looks at everything that is loaded now. `added`, which may be NULL, is the module that `address`
 * lies in. False when memory is exhausted: the table is the former one. */
bool wtl__places_refresh(struct wtl__module *added, const void *address, const char *name);

/* The module is no more: what it was is nobody's from now on. */
void wtl__places_forget(struct wtl__module *module);

/* The object that the address lies in, or NULL. */
const struct wtl__place *wtl__place_of(uintptr_t address);

static inline bool wtl__place_has_text(const struct wtl__place *place, uintptr_t address)
{
    return address >= place->text_begin && address < place->text_end;
}

#endif
