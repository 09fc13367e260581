/* module.c - the table of a node's modules, and how one comes into it. See module.h. */
#include "module/module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "module/describe.h"
#include "module/places.h"

#define ENTRY "wtl_module_entry"

void wtl__modules_init(struct wtl__modules *modules)
{
    memset(modules, 0, sizeof *modules);
}

void wtl__modules_deinit(struct wtl__modules *modules)
{
    uint32_t count = atomic_load(&modules->count);
    for (uint32_t i = 0; i < count; i++) {
        struct wtl__module *module =
            atomic_load_explicit(&modules->versions[i], memory_order_relaxed);
        while (module != NULL) {
            struct wtl__module *next = module->next_version;
            wtl__places_forget(module);
            wtl__image_close(&module->image, true);
            free(module);
            module = next;
        }
    }
    wtl__modules_init(modules);
}

enum wtl_status wtl__module_about(struct wtl_error *error, enum wtl_status status, const char *path)
{
    if (status != WTL_OK && error != NULL) {
        char text[sizeof error->text];
        (void)snprintf(text, sizeof text, "module %.150s %.320s", path, error->text);
        memcpy(error->text, text, sizeof text);
    }
    return status;
}

/* What the system's loader said, in our words where that helps. */
static enum wtl_status refused_by_loader(struct wtl_error *error)
{
    static const char undefined[] = "undefined symbol: ";
    const char *said = dlerror();
    said = said != NULL ? said : "no reason given";
    const char *symbol = strstr(said, undefined);
    if (symbol != NULL) {
        symbol += sizeof undefined - 1;
        return wtl_fail(error, WTL_INVALID,
                        "uses %.*s, which neither it nor its libraries define; link what defines "
                        "it (wattle_add_module() finds this at build time)",
                        (int)strcspn(symbol, " ,)"), symbol);
    }
    return wtl_fail(error, WTL_SYSTEM, "cannot be loaded: %.300s", said);
}

static enum wtl_status map(struct wtl__module *module, enum wtl__module_how how, void **handle_out,
                           struct wtl_error *error)
{
    char sealed[32];
    (void)snprintf(sealed, sizeof sealed, "/proc/self/fd/%d", module->image.fd);
    const char *path = how == WTL__MODULE_DEV ? module->image.path : sealed;
    *handle_out = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return *handle_out != NULL ? WTL_OK : refused_by_loader(error);
}

static enum wtl_status check_statics(const struct wtl__module *module, struct wtl_error *error)
{
    if (module->elf.statics[0] == '\0' || (module->entry->flags & WTL_MODULE_STATICS) != 0) {
        return WTL_OK;
    }
    return wtl_fail(error, WTL_INVALID,
                    "has writable static data: %s; make it const or put it into an actor's state, "
                    "or declare it by WTL_MODULE_AS(WTL_MODULE_STATICS, ...)",
                    module->elf.statics);
}

/* Fails: WTL_EXISTS, WTL_FULL. */
static enum wtl_status check_place(const struct wtl__modules *modules,
                                   const struct wtl_module *entry, struct wtl_error *error)
{
    const struct wtl__module *other = wtl__module_find(modules, entry->name);
    if (other != NULL) {
        return wtl_fail(error, WTL_EXISTS,
                        "is named %s (%s), as one that is loaded already (%s); a node has one "
                        "module of a name",
                        entry->name, entry->version, other->entry->version);
    }
    if (atomic_load_explicit(&modules->count, memory_order_relaxed) == WTL__MODULES_MAX) {
        return wtl_fail(error, WTL_FULL, "is one too many: a node has %u modules at most",
                        WTL__MODULES_MAX);
    }
    return WTL_OK;
}

static void publish(struct wtl__modules *modules, struct wtl__module *module)
{
    uint32_t count = atomic_load_explicit(&modules->count, memory_order_relaxed);
    module->loaded_ns = wtl__clock_now_ns(wtl__clock_system());
    atomic_store_explicit(&modules->items[count], module, memory_order_relaxed);
    atomic_store_explicit(&modules->versions[count], module, memory_order_relaxed);
    /* release pairs with the acquire of wtl__module_find: who sees the count sees the module */
    atomic_store_explicit(&modules->count, count + 1, memory_order_release);
}

/* Another version of that module has its name. */
static enum wtl_status check_name(const struct wtl__module *current, const struct wtl_module *entry,
                                  struct wtl_error *error)
{
    if (strcmp(entry->name, current->entry->name) != 0) {
        return wtl_fail(error, WTL_INVALID, "is named %s, expected another version of %s",
                        entry->name, current->entry->name);
    }
    return WTL_OK;
}

/* From here on the module's own code runs: its constructors, and its entry. `current`: it is
 * another version of that; NULL: of none. */
static enum wtl_status enter(struct wtl__modules *modules, const struct wtl__module *current,
                             struct wtl__module *module, enum wtl__module_how how,
                             struct wtl_error *error)
{
    void *handle = NULL;
    const struct wtl_module *(*entry)(void) = NULL;
    enum wtl_status status =
        map(module, current != NULL ? WTL__MODULE_SEALED : how, &handle, error);
    if (status != WTL_OK) {
        return status;
    }
    void *symbol = dlsym(handle, ENTRY);
    if (symbol != NULL) {
        memcpy(&entry, &symbol, sizeof entry);
        module->entry = entry();
        status = wtl__module_check(module->entry, error);
    } else {
        status = refused_by_loader(error);
    }
    if (status == WTL_OK) {
        status = wtl__about_confirm(&module->elf.about, module->entry, error);
    }
    if (status == WTL_OK) {
        status = check_statics(module, error);
    }
    if (status == WTL_OK) {
        status = current != NULL ? check_name(current, module->entry, error)
                                 : check_place(modules, module->entry, error);
    }
    if (status == WTL_OK && !wtl__places_refresh(module, symbol, module->entry->name)) {
        status = wtl_fail(error, WTL_NO_MEMORY, "cannot be loaded: memory is exhausted");
    }
    if (status != WTL_OK) {
        (void)dlclose(handle);
    }
    return status;
}

/* Loads it, and tells nobody. Takes the image in every case. */
static enum wtl_status load(struct wtl__modules *modules, const struct wtl__module *current,
                            struct wtl__image *image, enum wtl__module_how how,
                            struct wtl__module **module_out, struct wtl_error *error)
{
    struct wtl__module *module = calloc(1, sizeof *module);
    if (module == NULL) {
        wtl__image_close(image, false);
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for a module");
    }
    module->image = *image;
    image->fd = -1;
    enum wtl_status status =
        wtl__elf_check(module->image.bytes, module->image.size, &module->elf, error);
    if (status == WTL_OK) {
        status = wtl__elf_check_calls(&module->elf, error);
    }
    if (status == WTL_OK && how == WTL__MODULE_DEV) {
        status = wtl__image_check_owner(&module->image, error);
    }
    if (status == WTL_OK) {
        status = enter(modules, current, module, how, error);
    }
    if (status != WTL_OK) {
        (void)wtl__module_about(error, status, module->image.path);
        wtl__image_close(&module->image, false);
        free(module);
        return status;
    }
    *module_out = module;
    return WTL_OK;
}

enum wtl_status wtl__module_load_image(struct wtl__modules *modules, struct wtl__image *image,
                                       enum wtl__module_how how,
                                       const struct wtl__module **module_out,
                                       struct wtl_error *error)
{
    struct wtl__module *module = NULL;
    enum wtl_status status = load(modules, NULL, image, how, &module, error);
    if (status == WTL_OK) {
        publish(modules, module);
        if (module_out != NULL) {
            *module_out = module;
        }
    }
    return status;
}

enum wtl_status wtl__module_load(struct wtl__modules *modules, const char *path,
                                 enum wtl__module_how how, const struct wtl__module **module_out,
                                 struct wtl_error *error)
{
    struct wtl__image image;
    enum wtl_status status = wtl__image_open(path, &image, error);
    if (status != WTL_OK) {
        return wtl__module_about(error, status, path);
    }
    return wtl__module_load_image(modules, &image, how, module_out, error);
}

enum wtl_status wtl__module_add(struct wtl__modules *modules, const struct wtl_module *entry,
                                struct wtl_error *error)
{
    enum wtl_status status = wtl__module_check(entry, error);
    if (status == WTL_OK) {
        status = check_place(modules, entry, error);
    }
    if (status != WTL_OK) {
        return wtl__module_about(error, status, "of this program");
    }
    struct wtl__module *module = calloc(1, sizeof *module);
    if (module == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for a module");
    }
    module->entry = entry;
    module->image.fd = -1;
    publish(modules, module);
    return WTL_OK;
}

const struct wtl__module *wtl__module_at(const struct wtl__modules *modules, uint32_t index)
{
    /* acquire pairs with the release of publish() */
    return index < atomic_load_explicit(&modules->count, memory_order_acquire)
               /* acquire pairs with the release of wtl__module_switch */
               ? atomic_load_explicit(&modules->items[index], memory_order_acquire)
               : NULL;
}

const struct wtl__module *wtl__module_versions(const struct wtl__modules *modules, uint32_t index)
{
    return index < atomic_load_explicit(&modules->count, memory_order_acquire)
               /* acquire pairs with the release of wtl__module_load_version */
               ? atomic_load_explicit(&modules->versions[index], memory_order_acquire)
               : NULL;
}

/* ---- versions ------------------------------------------------------------------------------- */

static uint32_t place_of_name(const struct wtl__modules *modules, const char *name)
{
    uint32_t index = 0;
    while (strcmp(wtl__module_at(modules, index)->entry->name, name) != 0) {
        index++;
    }
    return index;
}

static bool has_bytes(const struct wtl__module *module, const struct wtl__image *image)
{
    return module->image.bytes != NULL && module->image.size == image->size &&
           memcmp(module->image.bytes, image->bytes, image->size) == 0;
}

/* The version with those bytes, other than `except`; NULL: none. `count_out`: how many versions
 * there are. */
static struct wtl__module *find_bytes(struct wtl__modules *modules, uint32_t index,
                                      const struct wtl__image *image,
                                      const struct wtl__module *except, uint32_t *count_out)
{
    struct wtl__module *found = NULL;
    struct wtl__module *each =
        atomic_load_explicit(&modules->versions[index], memory_order_relaxed);
    for (*count_out = 0; each != NULL; each = each->next_version, ++*count_out) {
        bool is_it = found == NULL && each != except && has_bytes(each, image);
        found = is_it ? each : found;
    }
    return found;
}

enum wtl_status wtl__module_load_version(struct wtl__modules *modules,
                                         const struct wtl__module *current,
                                         struct wtl__image *image, enum wtl__module_how how,
                                         struct wtl__module **module_out, struct wtl_error *error)
{
    uint32_t index = place_of_name(modules, current->entry->name);
    uint32_t count = 0;
    struct wtl__module *same =
        find_bytes(modules, index, image, how == WTL__MODULE_AGAIN ? current : NULL, &count);
    enum wtl_status status = WTL_OK;
    if (same == current) {
        status = wtl_fail(error, WTL_EXISTS, "has the very bytes of %s %s, which runs",
                          current->entry->name, current->entry->version);
    } else if (same == NULL && count >= WTL__MODULE_VERSIONS_MAX) {
        status = wtl_fail(error, WTL_FULL,
                          "is one version too many: a node keeps the code of %u of a module; "
                          "restart it with this one",
                          WTL__MODULE_VERSIONS_MAX);
    }
    if (status != WTL_OK || same != NULL) {
        (void)wtl__module_about(error, status, image->path);
        wtl__image_close(image, false);
        *module_out = same;
        return status;
    }
    status = load(modules, current, image, how, module_out, error);
    if (status == WTL_OK) {
        (*module_out)->loaded_ns = wtl__clock_now_ns(wtl__clock_system());
        (*module_out)->next_version =
            atomic_load_explicit(&modules->versions[index], memory_order_relaxed);
        /* release pairs with the acquire of wtl__module_versions */
        atomic_store_explicit(&modules->versions[index], *module_out, memory_order_release);
    }
    return status;
}

void wtl__module_switch(struct wtl__modules *modules, struct wtl__module *module)
{
    uint32_t index = place_of_name(modules, module->entry->name);
    /* release pairs with the acquire of wtl__module_at */
    atomic_store_explicit(&modules->items[index], module, memory_order_release);
}

/* ---- finding -------------------------------------------------------------------------------- */

static const struct wtl__module *find(const struct wtl__modules *modules, const char *name,
                                      size_t size)
{
    uint32_t count = atomic_load_explicit(&modules->count, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        const struct wtl__module *module = wtl__module_at(modules, i);
        const char *own = module->entry->name;
        if (strncmp(own, name, size) == 0 && own[size] == '\0') {
            return module;
        }
    }
    return NULL;
}

const struct wtl__module *wtl__module_find(const struct wtl__modules *modules, const char *name)
{
    return find(modules, name, strlen(name));
}

const struct wtl_actor *wtl__module_actor(const struct wtl__modules *modules, const char *name,
                                          const struct wtl__module **module_out)
{
    const char *dot = strchr(name, '.');
    const struct wtl__module *module =
        dot != NULL ? find(modules, name, (size_t)(dot - name)) : NULL;
    for (uint32_t i = 0; module != NULL && i < module->entry->actors_count; i++) {
        if (strcmp(module->entry->actors[i]->name, dot + 1) == 0) {
            if (module_out != NULL) {
                *module_out = module;
            }
            return module->entry->actors[i];
        }
    }
    return NULL;
}

bool wtl__module_faulted(struct wtl__module *module, uint64_t now_ns)
{
    uint64_t index = atomic_fetch_add_explicit(&module->faults, 1, memory_order_relaxed);
    /* what was there is the time of the fault that many before this one; relaxed: an estimate */
    uint64_t before = atomic_exchange_explicit(
        &module->fault_ns[index % WTL_COUNT(module->fault_ns)], now_ns, memory_order_relaxed);
    if (index < WTL_COUNT(module->fault_ns) || now_ns - before > WTL__MODULE_FAULTS_WINDOW_NS) {
        return false;
    }
    return !atomic_exchange_explicit(&module->quarantined, true, memory_order_relaxed);
}

bool wtl__module_refuses(const struct wtl_actor *type)
{
    const struct wtl__place *place = wtl__place_of((uintptr_t)type);
    return place != NULL && place->module != NULL &&
           atomic_load_explicit(&place->module->quarantined, memory_order_relaxed);
}
