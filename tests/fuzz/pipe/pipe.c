/*
 * pipe.c - what the process of a module sends to its node, byte by byte.
 *
 * The first byte chooses: 0 a description of a module, 253 a tree of supervisors or a child that it
 * asks for, 254 what it asks a table, else the socket, whose bytes come in pieces of that size.
 * Goals: no read past the input; no frame is handed on that is not whole, of a child, and its
 * actor's; a frame or an ask that was accepted is the same after it was written and read again;
 * memory is bounded by the largest frame; a description that was read is one that can be looked
 * through, and written again to the same bytes.
 */
#include <stdlib.h>

#include "base/scan.h"
#include "module/describe.h"
#include "process/intake.h"
#include "process/manifest.h"
#include "process/table_ask.h"
#include "process/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* ---- frames -------------------------------------------------------------------------------- */

static void same_again(const struct wtl__pipe_frame *frame)
{
    uint8_t fields[WTL__PIPE_FIELDS_MAX];
    struct wtl__pipe_frame again;
    size_t used = wtl__pipe_put(frame, fields);
    uint8_t *bytes = malloc(used + frame->size);
    require(bytes != NULL);
    memcpy(bytes, fields, used);
    if (frame->size > 0) {
        memcpy(bytes + used, frame->body, frame->size);
    }
    require(wtl__pipe_get(bytes, used + frame->size, WTL__PIPE_FROM_CHILD, &again));
    require(again.kind == frame->kind && again.local == frame->local &&
            again.status == frame->status && again.request == frame->request &&
            again.count == frame->count && again.flags == frame->flags &&
            again.size == frame->size && wtl_pid_equal(again.pid, frame->pid) &&
            wtl_pid_equal(again.other, frame->other) && wtl_tag_equal(again.tag, frame->tag) &&
            wtl_tag_equal(again.reason.word, frame->reason.word) &&
            wtl_key_equal(again.key, frame->key) && strcmp(again.name, frame->name) == 0);
    free(bytes);
}

static bool take(void *context, uint64_t local, const uint8_t *bytes, size_t size)
{
    size_t *handed = context;
    *handed += size;
    for (size_t at = 0; at < size;) {
        struct wtl__pipe_head head;
        struct wtl__pipe_frame frame;
        require(size - at >= sizeof head);
        memcpy(&head, bytes + at, sizeof head);
        size_t whole = wtl__pipe_size(&head, WTL__PIPE_FROM_CHILD);
        require(whole != 0 && whole <= size - at);
        require(local == 0 ? head.kind < WTL__PIPE_FIRST_OF_ACTOR
                           : head.kind >= WTL__PIPE_FIRST_OF_ACTOR && head.local == local);
        if (wtl__pipe_get(bytes + at, whole, WTL__PIPE_FROM_CHILD, &frame)) {
            require(frame.size <= whole && strlen(frame.name) <= WTL_NAME_MAX);
            (void)!wtl_scan(frame.body, frame.size, &WTL_SCAN_BODY);
            same_again(&frame);
        }
        at += whole;
    }
    return true;
}

static void frames(const uint8_t *data, size_t size, size_t piece)
{
    struct wtl__intake intake;
    size_t handed = 0;
    size_t given = 0;
    require(wtl__intake_init(&intake));
    while (given < size) {
        size_t room = 0;
        uint8_t *at = wtl__intake_room(&intake, &room);
        require(at != NULL && room > 0 && intake.capacity <= WTL__PIPE_FRAME_MAX);
        size_t some = size - given < piece ? size - given : piece;
        some = some < room ? some : room;
        memcpy(at, data + given, some);
        given += some;
        if (!wtl__intake_took(&intake, some, take, &handed)) {
            break;
        }
        require(handed + intake.used == given);
    }
    wtl__intake_deinit(&intake);
}

/* ---- descriptions -------------------------------------------------------------------------- */

static void description(const uint8_t *data, size_t size)
{
    static uint8_t again[WTL__MANIFEST_MAX];
    struct wtl__manifest manifest;
    struct wtl_error error;
    if (wtl__manifest_get(data, size, &manifest) != WTL_OK) {
        return;
    }
    if (wtl__module_check(&manifest.module, &error) == WTL_OK) {
        struct wtl_writer writer = wtl_writer_over(again, sizeof again);
        wtl__manifest_put(&writer, &manifest.module);
        struct wtl__manifest second;
        require(!writer.failed);
        require(wtl__manifest_get(again, wtl_written(&writer), &second) == WTL_OK);
        require(wtl__module_check(&second.module, &error) == WTL_OK);
        wtl__manifest_deinit(&second);
    }
    wtl__manifest_deinit(&manifest);
}

/* ---- trees --------------------------------------------------------------------------------- */

struct some_settings {
    int64_t number;
    const char *text;
};

static const struct wtl_field some_fields[] = {
    WTL_FIELD(struct some_settings, number, I64, "1", NULL, ""),
    WTL_FIELD(struct some_settings, text, STR, "x", NULL, ""),
    {0},
};

static const struct wtl_actor plain = {.size = sizeof(struct wtl_actor), .name = "plain"};
static const struct wtl_actor settled = {.size = sizeof(struct wtl_actor),
                                         .name = "settled",
                                         .settings_size = sizeof(struct some_settings),
                                         .fields = some_fields};
static const struct wtl_actor *const types[] = {&plain, &settled};
static const struct wtl_module module = {.actors = types, .actors_count = 2};

/* What was read can be looked through, and written again to what reads as the same. */
static void supervisors(const uint8_t *data, size_t size)
{
    static uint8_t again[1024 * 1024];
    struct wtl__arena arena = {0};
    struct wtl__arena second = {0};
    const struct wtl_tree *tree = wtl__tree_get(data, size, &module, &arena);
    if (tree != NULL) {
        struct wtl_writer writer = wtl_writer_over(again, sizeof again);
        require(wtl__tree_put(&writer, &module, tree));
        require(writer.failed ||
                wtl__tree_get(again, wtl_written(&writer), &module, &second) != NULL);
        require(arena.used <= WTL__ARENA_BYTES);
    }
    wtl__arena_free(&second);
    wtl__arena_free(&arena);
    (void)wtl__child_get(data, size, &module, &arena);
    wtl__arena_free(&arena);
}

/* ---- tables -------------------------------------------------------------------------------- */

static bool same(struct wtl_bytes a, struct wtl_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

/* What was read is the same after it was written and read again. */
static void question(const uint8_t *data, size_t size)
{
    struct wtl__table_ask ask;
    struct wtl__table_ask again;
    struct wtl_reader reader = wtl_reader_over(data, size);
    if (!wtl__table_ask_get(&reader, &ask)) {
        return;
    }
    size_t room = size + WTL__TABLE_ASK_BYTES;
    uint8_t *bytes = malloc(room);
    require(bytes != NULL);
    struct wtl_writer writer = wtl_writer_over(bytes, room);
    wtl__table_ask_put(&writer, &ask);
    require(!writer.failed);
    reader = wtl_reader_over(bytes, wtl_written(&writer));
    require(wtl__table_ask_get(&reader, &again) && wtl_left(&reader) == 0);
    require(again.table.id == ask.table.id && again.flags == ask.flags &&
            again.number == ask.number && again.ttl_ms == ask.ttl_ms && again.delta == ask.delta &&
            again.initial == ask.initial && wtl_pid_equal(again.pid, ask.pid) &&
            strcmp(again.name, ask.name) == 0 && same(again.key, ask.key) &&
            same(again.value, ask.value) && same(again.other, ask.other) &&
            same(again.cursor, ask.cursor));
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    if (data[0] == 0xfd) {
        supervisors(data + 1, size - 1);
    } else if (data[0] == 0xfe) {
        question(data + 1, size - 1);
    } else if (data[0] == 0) {
        description(data + 1, size - 1);
    } else {
        frames(data + 1, size - 1, data[0]);
    }
    return 0;
}
