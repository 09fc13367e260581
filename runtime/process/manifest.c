/* manifest.c - modules and settings as bytes. See manifest.h. */
#include "process/manifest.h"

#include <stdlib.h>

#include "actor/settings.h"
#include "base/attr.h"

/* Which functions an actor has. */
#define HAS_INIT   1u
#define HAS_HANDLE 2u
#define HAS_EXITED 4u
#define HAS_DOWN   8u
#define HAS_STOP   16u

/* ---- writing ------------------------------------------------------------------------------- */

/* With its NUL; nil for none. */
static void put_text(struct wtl_writer *writer, const char *text)
{
    if (text == NULL) {
        wtl_put_nil(writer);
    } else {
        wtl_put_bin(writer, text, strlen(text) + 1);
    }
}

static uint32_t fields_of(const struct wtl_actor *type)
{
    uint32_t count = 0;
    while (type->fields != NULL && count < WTL_FIELDS_MAX && type->fields[count].name != NULL) {
        count++;
    }
    return count;
}

static void put_field(struct wtl_writer *writer, const struct wtl_field *field)
{
    put_text(writer, field->name);
    wtl_put_u64(writer, (uint64_t)field->type);
    wtl_put_u64(writer, field->offset);
    put_text(writer, field->default_);
    put_text(writer, field->unit);
    put_text(writer, field->help);
}

static void put_actor(struct wtl_writer *writer, const struct wtl_actor *type)
{
    uint32_t count = fields_of(type);
    wtl_put_u64(writer, type->state_vsn);
    wtl_put_u64(writer, type->settings_size);
    put_text(writer, type->name);
    put_text(writer, type->summary);
    wtl_put_u64(writer, (uint64_t)type->kind);
    wtl_put_u64(writer, (uint64_t)type->mailbox_policy);
    wtl_put_u64(writer, type->mailbox_max);
    wtl_put_u64(writer, type->memory_max);
    put_text(writer, type->mailbox_key);
    wtl_put_u64(writer, (uint64_t)type->priority);
    wtl_put_u64(writer,
                (type->init != NULL ? HAS_INIT : 0) | (type->handle != NULL ? HAS_HANDLE : 0) |
                    (type->exited != NULL ? HAS_EXITED : 0) | (type->down != NULL ? HAS_DOWN : 0) |
                    (type->stop != NULL ? HAS_STOP : 0));
    wtl_put_u64(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        put_field(writer, &type->fields[i]);
    }
}

void wtl__manifest_put(struct wtl_writer *writer, const struct wtl_module *module)
{
    wtl_put_u64(writer, module->flags);
    put_text(writer, module->name);
    put_text(writer, module->version);
    put_text(writer, module->summary);
    put_text(writer, module->compiler);
    wtl_put_u64(writer, module->actors_count);
    for (uint32_t i = 0; i < module->actors_count; i++) {
        put_actor(writer, module->actors[i]);
    }
    wtl_put_u64(writer, module->abi_major);
    wtl_put_u64(writer, module->abi_minor);
}

/* ---- reading ------------------------------------------------------------------------------- */

static const char *get_text(struct wtl_reader *reader)
{
    size_t size = 0;
    if (wtl_peek(reader) == WTL_PACK_NIL) {
        wtl_get_nil(reader);
        return NULL;
    }
    const char *text = wtl_get_bin(reader, &size);
    if (text == NULL || size == 0 || memchr(text, '\0', size) != text + size - 1) {
        wtl_reader_fail(reader);
        return NULL;
    }
    return text;
}

static uint32_t get_u32(struct wtl_reader *reader)
{
    uint64_t number = wtl_get_u64(reader);
    if (number > UINT32_MAX) {
        wtl_reader_fail(reader);
        return 0;
    }
    return (uint32_t)number;
}

/* What stands for the module's own functions: that they are there is what counts. */
static enum wtl_status some_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    (void)x;
    (void)self;
    (void)settings;
    (void)args;
    return WTL_UNSUPPORTED;
}

static enum wtl_status some_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    (void)message;
    return WTL_UNSUPPORTED;
}

static enum wtl_status some_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    (void)x;
    (void)self;
    (void)exit;
    return WTL_UNSUPPORTED;
}

static enum wtl_status some_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)x;
    (void)self;
    (void)down;
    return WTL_UNSUPPORTED;
}

static enum wtl_status some_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    (void)x;
    (void)self;
    (void)reason;
    return WTL_UNSUPPORTED;
}

static void get_functions(struct wtl_actor *type, uint32_t has)
{
    type->init = (has & HAS_INIT) != 0 ? some_init : NULL;
    type->handle = (has & HAS_HANDLE) != 0 ? some_handle : NULL;
    type->exited = (has & HAS_EXITED) != 0 ? some_exited : NULL;
    type->down = (has & HAS_DOWN) != 0 ? some_down : NULL;
    type->stop = (has & HAS_STOP) != 0 ? some_stop : NULL;
}

static void get_field(struct wtl_reader *reader, struct wtl_field *field)
{
    field->name = get_text(reader);
    field->type = (enum wtl_field_type)get_u32(reader);
    field->offset = get_u32(reader);
    field->default_ = get_text(reader);
    field->unit = get_text(reader);
    field->help = get_text(reader);
    if (field->name == NULL) { /* it would end the list */
        wtl_reader_fail(reader);
    }
}

/* The actor's fields are appended, with a zeroed one behind them. */
static void get_actor(struct wtl_reader *reader, struct wtl_actor *type,
                      struct wtl__manifest *manifest, size_t *fields_used)
{
    type->size = sizeof *type;
    type->state_vsn = get_u32(reader);
    type->settings_size = get_u32(reader);
    type->name = get_text(reader);
    type->summary = get_text(reader);
    type->kind = (enum wtl_kind)get_u32(reader);
    type->mailbox_policy = (enum wtl_mailbox_policy)get_u32(reader);
    type->mailbox_max = get_u32(reader);
    type->memory_max = get_u32(reader);
    type->mailbox_key = get_text(reader);
    type->priority = (enum wtl_priority)get_u32(reader);
    get_functions(type, get_u32(reader));
    uint32_t count = get_u32(reader);
    if (reader->failed || count > WTL_FIELDS_MAX) {
        wtl_reader_fail(reader);
        return;
    }
    struct wtl_field *fields =
        realloc(manifest->fields, (*fields_used + count + 1) * sizeof *manifest->fields);
    if (fields == NULL) {
        wtl_reader_fail(reader);
        return;
    }
    manifest->fields = fields;
    memset(&fields[*fields_used], 0, (count + 1) * sizeof *fields);
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        get_field(reader, &fields[*fields_used + i]);
    }
    *fields_used += count + 1;
}

/* The table of fields has moved while it grew: finds each actor's part of it again. */
static void place_fields(struct wtl__manifest *manifest)
{
    struct wtl_field *field = manifest->fields;
    for (uint32_t i = 0; i < manifest->module.actors_count; i++) {
        manifest->actors[i].fields = field->name != NULL ? field : NULL;
        while (field->name != NULL) {
            field++;
        }
        field++;
        manifest->table[i] = &manifest->actors[i];
    }
}

static void get_module(struct wtl_reader *reader, struct wtl__manifest *manifest)
{
    struct wtl_module *module = &manifest->module;
    size_t fields_used = 0;
    *module = (struct wtl_module){
        .magic = WTL_MODULE_MAGIC, .size = sizeof *module, .pointer_size = sizeof(void *)};
    module->flags = (uint16_t)get_u32(reader);
    module->name = get_text(reader);
    module->version = get_text(reader);
    module->summary = get_text(reader);
    module->compiler = get_text(reader);
    uint32_t count = get_u32(reader);
    if (reader->failed || count == 0 || count > WTL_MODULE_ACTORS_MAX) {
        wtl_reader_fail(reader);
        return;
    }
    manifest->actors = calloc(count, sizeof *manifest->actors);
    manifest->table = calloc(count, sizeof *manifest->table);
    if (manifest->actors == NULL || manifest->table == NULL) {
        wtl_reader_fail(reader);
        return;
    }
    for (uint32_t i = 0; i < count && !reader->failed; i++) {
        get_actor(reader, &manifest->actors[i], manifest, &fields_used);
    }
    module->actors = manifest->table;
    module->actors_count = count;
    module->abi_major = (uint16_t)get_u32(reader);
    module->abi_minor = (uint16_t)get_u32(reader);
}

enum wtl_status wtl__manifest_get(const uint8_t *bytes, size_t size,
                                  struct wtl__manifest *manifest_out)
{
    *manifest_out = (struct wtl__manifest){0};
    if (size == 0 || size > WTL__MANIFEST_MAX) {
        return size == 0 ? WTL_BAD_PAYLOAD : WTL_TOO_LARGE;
    }
    manifest_out->bytes = malloc(size);
    if (manifest_out->bytes == NULL) {
        return WTL_NO_MEMORY;
    }
    memcpy(manifest_out->bytes, bytes, size);
    manifest_out->size = size;
    struct wtl_reader reader = wtl_reader_over(manifest_out->bytes, size);
    get_module(&reader, manifest_out);
    if (reader.failed || wtl_left(&reader) != 0) {
        wtl__manifest_deinit(manifest_out);
        return WTL_BAD_PAYLOAD;
    }
    place_fields(manifest_out);
    return WTL_OK;
}

void wtl__manifest_deinit(struct wtl__manifest *manifest)
{
    free(manifest->bytes);
    free(manifest->actors);
    free((void *)manifest->table);
    free(manifest->fields);
    *manifest = (struct wtl__manifest){0};
}
