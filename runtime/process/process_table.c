/*
 * process_table.c - a child's actor asks a table of the node, and its process waits for the answer.
 *
 * It is asked as that actor: who owns a table, and who may write to one, is the pid's matter. So a
 * function is run on the proxy, by whoever holds its run token, before anything that waits for it:
 * an actor that is parked or suspended answers too, and the child never waits for another mailbox.
 * One question of a process is under way at a time; a second one breaks the rules.
 *
 * Thread: the keeper's to ask; the proxy's to answer. Owns: a question holds the process.
 */
#include "base/pool.h"
#include "base/scan.h"
#include "process/process_private.h"
#include "process/table_ask.h"

struct question {
    struct wtl__control control;
    struct wtl__process *process;
    uint64_t request;
    uint64_t verb;
    uint32_t size;
    uint8_t bytes[];
};

/* ---- on the proxy --------------------------------------------------------------------------- */

static bool is_value(struct wtl_bytes bytes)
{
    return wtl_scan(bytes.bytes, bytes.size, &WTL_SCAN_BODY) == WTL_OK;
}

static enum wtl_status create(struct wtl_ctx *x, const struct wtl__table_ask *ask,
                              struct wtl_writer *answer)
{
    struct wtl_table table;
    uint64_t kind = ask->flags & 15u;
    uint64_t access = (ask->flags >> WTL__TABLE_ACCESS_SHIFT) & 15u;
    uint64_t full = ask->flags >> WTL__TABLE_FULL_SHIFT;
    if (kind > WTL_TABLE_DUPLICATE_BAG || access > WTL_TABLE_PRIVATE || full > WTL_TABLE_EVICT) {
        return WTL_INVALID;
    }
    const struct wtl_table_options options = {.name = ask->name[0] != '\0' ? ask->name : NULL,
                                              .kind = (enum wtl_table_kind)kind,
                                              .access = (enum wtl_table_access)access,
                                              .full = (enum wtl_table_full)full,
                                              .bytes_max = ask->number,
                                              .ttl_ms = ask->ttl_ms,
                                              .heir = ask->pid,
                                              .data = ask->value};
    enum wtl_status status = wtl_table_create(x, &options, &table);
    wtl_put_u64(answer, table.id);
    return status;
}

static enum wtl_status get_info(struct wtl_ctx *x, struct wtl_table table,
                                struct wtl_writer *answer)
{
    struct wtl_table_info info;
    enum wtl_status status = wtl_table_info(x, table, &info);
    if (status == WTL_OK) {
        wtl__table_info_put(answer, &info);
    }
    return status;
}

static enum wtl_status add(struct wtl_ctx *x, const struct wtl__table_ask *ask,
                           struct wtl_writer *answer)
{
    int64_t number = 0;
    enum wtl_status status =
        wtl_table_add(x, ask->table, ask->key, ask->delta, ask->initial, &number);
    wtl_put_i64(answer, number);
    return status;
}

/* What there is no room for stays in the table. */
static enum wtl_status take(struct wtl_ctx *x, const struct wtl__table_ask *ask,
                            struct wtl_writer *answer)
{
    size_t room = ask->number <= WTL_BODY_MAX ? (size_t)ask->number : SIZE_MAX;
    if (room == SIZE_MAX || !wtl_room(answer, room)) {
        return WTL_TOO_LARGE;
    }
    struct wtl_writer into = wtl_writer_over(answer->at, room);
    enum wtl_status status = x->api->tables->take(x, ask->table, ask->key, &into);
    answer->at += wtl_written(&into);
    return status;
}

static enum wtl_status step(struct wtl_ctx *x, const struct wtl__table_ask *ask,
                            struct wtl_writer *answer)
{
    struct wtl_table_cursor cursor = {.size = ask->key.size};
    if (cursor.size > sizeof cursor.key) {
        return WTL_INVALID;
    }
    if (cursor.size > 0) {
        memcpy(cursor.key, ask->key.bytes, cursor.size);
    }
    enum wtl_status status = x->api->tables->step(x, ask->table, &cursor, ask->flags != 0);
    wtl_put_raw(answer, cursor.key, cursor.size);
    return status;
}

/* ---- a select ------------------------------------------------------------------------------- */

struct batch {
    struct wtl_writer *answer;
    struct wtl_table_cursor last; /* that is in it */
    uint32_t count;
    bool full;
};

static bool collect(struct wtl_ctx *x, struct wtl_reader key, struct wtl_reader value,
                    void *context)
{
    struct batch *batch = context;
    size_t size = wtl_left(&key) + wtl_left(&value) + WTL__TABLE_ASK_BYTES + WTL_TABLE_KEY_MAX;
    (void)x;
    batch->full = wtl_written(batch->answer) + size > WTL_BODY_MAX;
    if (batch->full) { /* the next one's, or nobody's when it is the first */
        return false;
    }
    batch->last.size = (uint32_t)wtl_left(&key);
    memcpy(batch->last.key, key.at, batch->last.size);
    batch->count++;
    wtl_put_bool(batch->answer, true);
    wtl_put_bin(batch->answer, key.at, wtl_left(&key));
    wtl_put_bin(batch->answer, value.at, wtl_left(&value));
    batch->full = wtl_written(batch->answer) > WTL__TABLE_BATCH_BYTES;
    return !batch->full;
}

static enum wtl_status select_some(struct wtl_ctx *x, const struct wtl__table_ask *ask,
                                   struct wtl_writer *answer)
{
    struct batch batch = {.answer = answer};
    struct wtl_table_cursor cursor = {.size = ask->cursor.size};
    const struct wtl_table_match match = {.prefix = ask->key,
                                          .from = ask->value,
                                          .below = ask->other,
                                          .limit = (uint32_t)ask->number};
    if (cursor.size > sizeof cursor.key || ask->number > WTL_TABLE_SELECT_MAX) {
        return WTL_INVALID;
    }
    if (cursor.size > 0) {
        memcpy(cursor.key, ask->cursor.bytes, cursor.size);
    }
    enum wtl_status status =
        x->api->tables->select(x, ask->table, &match, &cursor, collect, &batch);
    if (status != WTL_OK && status != WTL_MORE) {
        return status;
    }
    if (batch.full && batch.count == 0) {
        return WTL_TOO_LARGE;
    }
    const struct wtl_table_cursor *at = batch.full ? &batch.last : &cursor;
    wtl_put_bool(answer, false);
    wtl_put_bin(answer, at->key, at->size);
    wtl_put_bool(answer, batch.full);
    return status;
}

/* ---- asking and answering ------------------------------------------------------------------- */

static enum wtl_status do_one(struct wtl_ctx *x, uint64_t verb, const struct wtl__table_ask *ask,
                              struct wtl_writer *answer)
{
    const struct wtl_table_api *tables = x->api->tables;
    switch (verb) {
    case WTL__TABLE_CREATE:
        return create(x, ask, answer);
    case WTL__TABLE_DESTROY:
        return tables->destroy(x, ask->table);
    case WTL__TABLE_FIND:
        wtl_put_u64(answer, tables->find(x, ask->name).id);
        return WTL_OK;
    case WTL__TABLE_GIVE:
        return tables->give(x, ask->table, ask->pid, ask->value);
    case WTL__TABLE_HEIR:
        return tables->set_heir(x, ask->table, ask->pid, ask->value);
    case WTL__TABLE_INFO:
        return get_info(x, ask->table, answer);
    case WTL__TABLE_INSERT:
        return tables->insert(x, ask->table, ask->key, ask->value, ask->ttl_ms, ask->flags != 0);
    case WTL__TABLE_REMOVE:
        return tables->remove(x, ask->table, ask->key);
    case WTL__TABLE_REMOVE_VALUE:
        return tables->remove_value(x, ask->table, ask->key, ask->value);
    case WTL__TABLE_CLEAR:
        return tables->clear(x, ask->table);
    case WTL__TABLE_ADD:
        return add(x, ask, answer);
    case WTL__TABLE_SWAP:
        return is_value(ask->other) ? tables->swap(x, ask->table, ask->key, ask->other, ask->value)
                                    : WTL_INVALID;
    case WTL__TABLE_LOOKUP:
        return tables->lookup(x, ask->table, ask->key, answer);
    case WTL__TABLE_TAKE:
        return take(x, ask, answer);
    case WTL__TABLE_STEP:
        return step(x, ask, answer);
    case WTL__TABLE_SELECT:
        return select_some(x, ask, answer);
    default:
        return WTL_UNSUPPORTED;
    }
}

/* A question overtakes what its actor did before it. All of that is told anyhow, later; but a new
 * owner or heir whom the actor has spawned must be there, or the table would be lost. */
static bool is_unborn(struct wtl__process *process, uint64_t verb, const struct wtl__table_ask *ask)
{
    if (verb != WTL__TABLE_CREATE && verb != WTL__TABLE_GIVE && verb != WTL__TABLE_HEIR) {
        return false;
    }
    wtl__process_lock(process);
    bool unborn = wtl__map_get(&process->spares, 0, ask->pid.local) != NULL;
    wtl__process_unlock(process);
    return unborn;
}

static enum wtl_status do_checked(struct wtl_ctx *x, const struct question *question,
                                  const struct wtl__table_ask *ask, struct wtl_writer *answer)
{
    if (!is_value(ask->value)) {
        return WTL_INVALID;
    }
    return is_unborn(question->process, question->verb, ask)
               ? WTL_BUSY
               : do_one(x, question->verb, ask, answer);
}

/* `answer` is NULL when the actor is no more. */
static void reply(struct question *question, struct wtl__ctx *x, enum wtl_status status,
                  const struct wtl_writer *answer)
{
    struct wtl__process *process = question->process;
    struct wtl__pipe_frame frame = {
        .kind = WTL__PIPE_TABLED, .request = question->request, .status = status};
    if (answer != NULL && answer->failed) {
        frame.status = status == WTL_OK ? WTL_TOO_LARGE : status;
    } else if (answer != NULL) {
        frame.body = answer->begin;
        frame.size = (uint32_t)wtl_written(answer);
    }
    wtl__process_lock(process);
    process->asks_table = false; /* the next question may come at once */
    wtl__process_unlock(process);
    (void)wtl__process_send(process, x, NULL, &frame, false);
}

static void question_run(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct question *question = WTL_CONTAINER(control, struct question, control);
    struct wtl_reader reader = wtl_reader_over(question->bytes, question->size);
    struct wtl__table_ask ask;
    struct wtl_writer answer;
    if (cell == NULL) {
        reply(question, x, WTL_CLOSED, NULL);
    } else if (!wtl__table_ask_get(&reader, &ask)) {
        wtl__process_broken(question->process, x, "asks a table what cannot be read");
    } else {
        (void)wtl_message_open(&x->pub, &answer, 64);
        enum wtl_status status = do_checked(&x->pub, question, &ask, &answer);
        reply(question, x, status, &answer);
        wtl_message_drop(&x->pub, &answer);
    }
    wtl__process_let_go(question->process);
    wtl__pool_give(question);
}

/* A question with what it is about, and the process held for it. With the lock. */
static struct question *question_new(struct wtl__process *process,
                                     const struct wtl__pipe_frame *frame)
{
    struct question *question = wtl__pool_take(sizeof *question + frame->size);
    if (question == NULL) {
        return NULL;
    }
    *question = (struct question){.control.run = question_run,
                                  .control.signal.msg.kind_ = WTL__CONTROL,
                                  .process = process,
                                  .request = frame->request,
                                  .verb = frame->count,
                                  .size = frame->size};
    if (frame->size > 0) {
        memcpy(question->bytes, frame->body, frame->size);
    }
    process->asks_table = true;
    process->holders++;
    return question;
}

bool wtl__process_ask_table(struct wtl__process *process, struct wtl__ctx *x,
                            const struct wtl__pipe_frame *frame)
{
    struct wtl__pipe_frame refusal = {
        .kind = WTL__PIPE_TABLED, .request = frame->request, .status = WTL_NO_MEMORY};
    struct wtl_pid asker = {.node = process->runtime->node, .local = frame->pid.local};
    struct question *question = NULL;
    wtl__process_lock(process);
    bool may = !process->asks_table;
    if (may && wtl__map_get(&process->seats, 0, asker.local) == NULL) {
        refusal.status = WTL_CLOSED; /* it has ended meanwhile, or is somebody else's */
    } else if (may) {
        question = question_new(process, frame);
    }
    wtl__process_unlock(process);
    if (question != NULL) {
        (void)wtl__deliver(process->runtime, x, asker, &question->control.signal);
    } else if (may) {
        (void)wtl__process_send(process, x, NULL, &refusal, false);
    }
    return may;
}
