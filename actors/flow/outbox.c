/* outbox.c - see outbox.h. */
#include "flow/outbox.h"

#include "flow/stage.h"

#define ROOM WTL_FLOW_OUTBOX_MESSAGES

static struct wtl_entry *entry_of(const struct wtl_outbox *box, uint64_t seq)
{
    return &box->entries[seq % ROOM];
}

static struct wtl_flow_counts *counts(const struct wtl_outbox *box)
{
    return box->joint.spec->counts;
}

/* What was accepted, is not done, and is not here, went with an outbox before this one. */
static void count_lost(struct wtl_outbox *box)
{
    uint64_t in = wtl__count_get(counts(box), WTL_FLOW_IN);
    uint64_t known = wtl__count_get(counts(box), WTL_FLOW_ACKED) + box->held;
    wtl__count_set(counts(box), WTL_FLOW_LOST, in > known ? in - known : 0);
}

static void settled(struct wtl_ctx *x, void *unit, uint16_t arrow, uint64_t seq, bool ok);

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct wtl_outbox *box = self;
    (void)args;
    wtl__joint_init(x, &box->joint, settings, box, settled);
    box->entries = wtl_alloc(x, ROOM * sizeof *box->entries);
    if (box->entries == NULL) {
        return WTL_NO_MEMORY;
    }
    box->base = 1;
    box->next = 1;
    for (uint32_t i = 0; i < WTL_OUT_ARROWS_MAX; i++) {
        box->cursor[i] = 1;
    }
    /* what one before this held is gone */
    count_lost(box);
    return WTL_OK;
}

/* ---- what comes back ------------------------------------------------------------------------ */

static void settled(struct wtl_ctx *x, void *unit, uint16_t arrow, uint64_t seq, bool ok)
{
    struct wtl_outbox *box = unit;
    struct wtl_entry *entry = entry_of(box, seq);
    uint64_t bit = UINT64_C(1) << arrow;
    uint64_t all = (UINT64_C(1) << box->joint.out.arrow_count) - 1;
    if (seq < box->base || seq >= box->next || entry->message == NULL) {
        return;
    }
    if (!ok) {
        entry->sent &= ~bit;
        entry->redelivered = true;
        box->cursor[arrow] = seq < box->cursor[arrow] ? seq : box->cursor[arrow];
        return;
    }
    entry->acked |= bit;
    if (entry->acked == all) {
        box->bytes -= entry->message->size;
        wtl_release(x, entry->message);
        entry->message = NULL;
        box->held--;
        wtl__count_add(counts(box), WTL_FLOW_ACKED, 1);
        while (box->base < box->next && entry_of(box, box->base)->message == NULL) {
            box->base++;
        }
    }
}

/* ---- sending ------------------------------------------------------------------------------- */

/* The next one that was not sent along that arrow, at its cursor; NULL when there is none. */
static struct wtl_entry *next_unsent(struct wtl_outbox *box, uint32_t arrow)
{
    uint64_t *cursor = &box->cursor[arrow];
    for (; *cursor < box->next; (*cursor)++) {
        struct wtl_entry *entry = entry_of(box, *cursor);
        if (*cursor >= box->base && entry->message != NULL && (entry->sent >> arrow & 1) == 0) {
            return entry;
        }
    }
    return NULL;
}

/* False: no credit, or nothing to send, along that arrow. */
static bool send_next(struct wtl_ctx *x, struct wtl_outbox *box, uint32_t arrow)
{
    struct wtl_entry *entry = next_unsent(box, arrow);
    uint64_t *cursor = &box->cursor[arrow];
    if (entry == NULL || !wtl__out_ready(&box->joint.out, arrow, *cursor)) {
        return false;
    }
    struct wtl_flow_data data = {
        .key = {.epoch = entry->epoch, .source = wtl_self(x), .seq = *cursor},
        .redelivered = entry->redelivered,
        .tag = entry->message->tag,
        .bytes = entry->message->bytes,
        .size = entry->message->size,
    };
    uint64_t seq = *cursor;
    if (!wtl__out_send(x, &box->joint.out, arrow, &data, seq)) {
        return false; /* its link is lost, which may have moved the cursor back */
    }
    entry->sent |= UINT64_C(1) << arrow;
    *cursor = seq + 1;
    wtl__count_add(counts(box), WTL_FLOW_OUT, 1);
    wtl__count_add(counts(box), WTL_FLOW_REDELIVERED, data.redelivered);
    return true;
}

static void pump(struct wtl_ctx *x, struct wtl_outbox *box)
{
    uint32_t left = WTL_UNIT_BATCH;
    for (uint32_t i = 0; i < box->joint.out.arrow_count; i++) {
        while (left > 0 && send_next(x, box, i)) {
            left--;
        }
    }
    if (left == 0) {
        wtl__joint_more(x, &box->joint);
    }
}

/* ---- the producer --------------------------------------------------------------------------- */

static uint64_t less(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How many more the producer may emit now. */
static uint64_t room(const struct wtl_outbox *box)
{
    uint64_t free_slots = ROOM - (box->next - box->base);
    const struct wtl_out *out = &box->joint.out;
    if (!out->wired) {
        return 0;
    }
    if (box->joint.spec->mode == WTL_FLOW_PULL) {
        return less(free_slots, box->asked > box->accepted ? box->asked - box->accepted : 0);
    }
    for (uint32_t i = 0; box->joint.spec->mode == WTL_FLOW_DEMAND && i < out->arrow_count; i++) {
        uint64_t unsent = box->next - box->cursor[i];
        uint64_t credit = wtl__out_room(out, i);
        free_slots = less(free_slots, credit > unsent ? credit - unsent : 0);
    }
    return free_slots;
}

/* Tells the producer when it may emit more. A push producer is told in larger steps: it has room
 * to go on meanwhile, or is told when all is done. */
static void tell_room(struct wtl_ctx *x, struct wtl_outbox *box)
{
    if (wtl_pid_is_none(box->producer)) {
        return;
    }
    uint64_t accepted = box->accepted - box->link_from;
    uint64_t messages = accepted + room(box);
    uint64_t bytes = box->accepted_bytes - box->link_from_bytes +
                     (WTL_FLOW_OUTBOX_BYTES > box->bytes ? WTL_FLOW_OUTBOX_BYTES - box->bytes : 0);
    bool push = box->joint.spec->mode == WTL_FLOW_PUSH && box->told > 0;
    bool empty = box->base == box->next;
    bool more = messages > box->told && (!push || empty || messages >= box->told + ROOM / 8);
    bool more_bytes =
        bytes > box->told_bytes && (empty || bytes >= box->told_bytes + WTL_FLOW_OUTBOX_BYTES / 8);
    if (!more && !more_bytes) {
        return;
    }
    box->told = messages > box->told ? messages : box->told;
    box->told_bytes = bytes > box->told_bytes ? bytes : box->told_bytes;
    const uint64_t numbers[] = {box->link, box->told, box->told_bytes};
    wtl__flow_send_numbers(x, box->producer, WTL_FLOW_TAG_ROOM, numbers, 3);
}

static void on_open(struct wtl_ctx *x, struct wtl_outbox *box, const struct wtl_msg *message)
{
    uint64_t numbers[3];
    if (message->from.node != wtl_self(x).node || !wtl__flow_get_numbers(message, numbers, 3)) {
        return; /* a producer runs beside its outbox */
    }
    box->producer = message->from;
    box->link = numbers[0];
    box->link_from = box->accepted;
    box->link_from_bytes = box->accepted_bytes;
    box->told = 0;
    box->told_bytes = 0;
    if (numbers[2] > wtl__count_get(counts(box), WTL_FLOW_IN)) {
        wtl__count_set(counts(box), WTL_FLOW_IN, numbers[2]); /* the rest never came here */
    }
    count_lost(box);
}

/* What wtl_emit has accepted. Whatever the producer sent before it ended is in the mailbox before
 * the next one opens its link. */
static void accept(struct wtl_ctx *x, struct wtl_outbox *box, const struct wtl_msg *message)
{
    if (!wtl_pid_equal(message->from, box->producer)) {
        return;
    }
    const struct wtl_msg *kept = box->next - box->base < ROOM ? wtl_keep(x, message) : NULL;
    box->accepted++;
    box->accepted_bytes += message->size;
    wtl__count_add(counts(box), WTL_FLOW_IN, 1);
    if (kept == NULL) {
        count_lost(box);
        wtl_log(x, WTL_LOG_ERROR, "flow: an outbox has no room for what it has promised");
        return;
    }
    *entry_of(box, box->next++) =
        (struct wtl_entry){.message = kept, .epoch = box->joint.out.epoch};
    box->bytes += message->size;
    box->held++;
}

static void on_ask(struct wtl_outbox *box, const struct wtl_msg *message)
{
    box->asked += wtl__joint_asked(&box->joint, message, 0, box->joint.out.arrow_count);
}

/* From the consumer itself, or from the stage behind: for the producer. */
static void on_back(struct wtl_ctx *x, struct wtl_outbox *box, const struct wtl_msg *message)
{
    struct wtl_flow_back back;
    if (wtl_pid_is_none(box->producer) || !wtl__flow_get_back(message, &back) ||
        wtl__joint_back_seen(&box->joint, &back)) {
        return;
    }
    if (wtl_forward(x, box->producer, WTL_FLOW_TAG_BACK, message) != WTL_OK) {
        wtl_log(x, WTL_LOG_DEBUG, "flow: a producer did not take a backward message");
    }
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_outbox *box = self;
    enum wtl_status status = WTL_OK;
    uint32_t gone;
    if (!wtl__flow_tag_reserved(message->tag)) {
        accept(x, box, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_OPEN)) {
        on_open(x, box, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_ASK)) {
        on_ask(box, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_BACK)) {
        on_back(x, box, message);
    } else {
        (void)wtl__joint_handle(x, &box->joint, message, &status, &gone);
    }
    if (status == WTL_OK) {
        pump(x, box);
        tell_room(x, box);
        wtl__count_set(counts(box), WTL_FLOW_WAITING, box->next - box->base);
    }
    return status;
}

static enum wtl_status down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct wtl_outbox *box = self;
    uint32_t gone;
    (void)wtl__joint_down(x, &box->joint, down, &gone);
    pump(x, box);
    return WTL_OK;
}

const struct wtl_actor wtl__outbox_type = {
    .size = sizeof(struct wtl_actor),
    .name = "outbox",
    .summary = "Keeps what a producer has emitted until it is acknowledged from the far end.",
    .state_size = sizeof(struct wtl_outbox),
    .settings_size = sizeof(struct wtl_stage_settings),
    .mailbox_max = WTL_MAILBOX_LIMIT,
    .init = init,
    .handle = handle,
    .down = down,
};
