/* places.c - the table of loaded objects. See places.h. */
#include "module/places.h"

#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct places {
    struct places *former; /* kept for handlers that are reading it */
    uint32_t count;
    struct wtl__place items[WTL__PLACES_MAX];
};

static _Atomic(struct places *) current;

static struct places *table(void)
{
    /* acquire pairs with the release in publish() */
    return atomic_load_explicit(&current, memory_order_acquire);
}

static void publish(struct places *places)
{
    atomic_store_explicit(&current, places, memory_order_release);
}

static const struct wtl__place *find(const struct places *places, uintptr_t address)
{
    for (uint32_t i = 0; places != NULL && i < places->count; i++) {
        if (address >= places->items[i].begin && address < places->items[i].end) {
            return &places->items[i];
        }
    }
    return NULL;
}

const struct wtl__place *wtl__place_of(uintptr_t address)
{
    return find(table(), address);
}

static void measure(const struct dl_phdr_info *info, struct wtl__place *place)
{
    for (uint32_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD) {
            continue;
        }
        uintptr_t begin = info->dlpi_addr + part->p_vaddr;
        uintptr_t end = begin + part->p_memsz;
        place->begin = begin < place->begin ? begin : place->begin;
        place->end = end > place->end ? end : place->end;
        if ((part->p_flags & PF_X) != 0) {
            place->text_begin = begin < place->text_begin ? begin : place->text_begin;
            place->text_end = end > place->text_end ? end : place->text_end;
        }
    }
}

static int add(struct dl_phdr_info *info, size_t size, void *context)
{
    struct places *places = context;
    (void)size;
    if (places->count == WTL__PLACES_MAX) {
        return 1;
    }
    struct wtl__place *place = &places->items[places->count++];
    *place = (struct wtl__place){
        .begin = UINTPTR_MAX, .text_begin = UINTPTR_MAX, .base = info->dlpi_addr};
    measure(info, place);
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = slash != NULL ? slash + 1 : info->dlpi_name;
    (void)snprintf(place->name, sizeof place->name, "%s", name[0] != '\0' ? name : "program");
    const struct wtl__place *before = find(places->former, place->begin);
    if (before != NULL && before->module != NULL && before->base == place->base) {
        place->module = before->module;
        (void)snprintf(place->name, sizeof place->name, "%s", before->name);
    }
    return 0;
}

bool wtl__places_refresh(struct wtl__module *added, const void *address, const char *name)
{
    struct places *places = calloc(1, sizeof *places);
    if (places == NULL) {
        return false;
    }
    places->former = table();
    (void)dl_iterate_phdr(add, places);
    for (uint32_t i = 0; added != NULL && i < places->count; i++) {
        struct wtl__place *place = &places->items[i];
        if ((uintptr_t)address >= place->begin && (uintptr_t)address < place->end) {
            place->module = added;
            (void)snprintf(place->name, sizeof place->name, "%s", name);
        }
    }
    publish(places);
    return true;
}

void wtl__places_forget(struct wtl__module *module)
{
    struct places *places = table();
    for (uint32_t i = 0; places != NULL && i < places->count; i++) {
        if (places->items[i].module == module) {
            places->items[i].module = NULL;
        }
    }
}
