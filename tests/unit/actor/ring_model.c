/*
 * ring_model.c - the ring beside an array that does the same slowly: random pushes, also while the
 * actor has signals out, and everything else that an actor does with its mailbox.
 */
#include "kit.h"

#include "base/pool.h"

enum { ROUNDS = 400, STEPS = 400, ROOM = 256, KEYS = 3, BOUND_MAX = 7 };

static struct wtl_actor type;
static struct wtl__cell cell;
static struct wtl__prng prng;

/* What should wait, in order. A signal that was looked at either is gone or stays in its place. */
struct entry {
    uint64_t number;
    uint64_t key; /* 0: none */
    bool counted;
    bool fresh; /* a signal that was not looked at */
};

static struct entry model[ROOM];
static uint32_t waiting;
static uint64_t next_number;

static uint32_t count_of(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < waiting; i++) {
        count += model[i].counted;
    }
    return count;
}

static void erase(uint32_t at)
{
    memmove(&model[at], &model[at + 1], (--waiting - at) * sizeof *model);
}

static uint64_t number_of(const struct wtl__envelope *envelope)
{
    return kit_number(&envelope->msg);
}

/* The number that was given up, or 0. */
static uint64_t drop_one(struct wtl__dropped dropped)
{
    uint64_t number = 0;
    if (dropped.list != NULL) {
        cr_assert_null(dropped.list->next, "one goes when one comes");
        number = number_of(dropped.list);
        wtl__envelope_free(dropped.list);
    }
    return number;
}

static struct wtl__envelope *make(enum wtl__kind kind, uint64_t key)
{
    struct wtl_writer body;
    cr_assert(wtl__message_open(&body, 16));
    wtl_put_u64(&body, ++next_number);
    struct wtl__envelope *envelope = wtl__message_take(&body, kind);
    envelope->msg.from.local = key;
    envelope->msg.request = kind == WTL__CALL ? 99 : 0;
    return envelope;
}

/* ---- pushing --------------------------------------------------------------------------------- */

static uint32_t find_key(uint64_t key)
{
    uint32_t at = 0;
    while (at < waiting && (key == 0 || model[at].key != key)) {
        at++;
    }
    return at;
}

static uint64_t model_push(struct entry entry, bool *refused)
{
    uint64_t gone = 0;
    *refused = false;
    uint32_t same = find_key(entry.key);
    if (same < waiting) {
        gone = model[same].number;
        model[same] = entry;
        return gone;
    }
    if (entry.counted && count_of() >= type.mailbox_max) {
        if (type.mailbox_policy == WTL_MAILBOX_LATEST) {
            *refused = true;
            return 0;
        }
        uint32_t oldest = 0;
        while (!model[oldest].counted) {
            oldest++;
        }
        gone = model[oldest].number;
        erase(oldest);
    }
    model[waiting++] = entry;
    return gone;
}

static void push(enum wtl__kind kind)
{
    bool latest = type.mailbox_policy == WTL_MAILBOX_LATEST;
    uint64_t key = 1 + wtl__prng_below(&prng, KEYS);
    struct wtl__dropped dropped;
    bool refused;
    struct wtl__envelope *envelope = make(kind, key);
    uint64_t gone = model_push((struct entry){.number = next_number,
                                              .key = latest && kind == WTL__MESSAGE ? key : 0,
                                              .counted = kind <= WTL__KIND_LAST_COUNTED,
                                              .fresh = kind > WTL__KIND_LAST_COUNTED},
                               &refused);
    enum wtl__push pushed = wtl__ring_push(&cell, wtl__cell_local(&cell), envelope, &dropped);
    cr_assert_eq(pushed == WTL__REFUSED_FULL, refused);
    if (refused) {
        wtl__envelope_free(envelope);
    }
    cr_assert_eq(drop_one(dropped), gone);
    cr_assert_eq(wtl__inbox_count(&cell.inbox), count_of());
}

static void push_some(void)
{
    static const enum wtl__kind kinds[] = {WTL__MESSAGE, WTL__MESSAGE, WTL__MESSAGE, WTL__CALL,
                                           WTL__LOCAL};
    if (waiting < ROOM - 1) {
        push(kinds[wtl__prng_below(&prng, WTL_COUNT(kinds))]);
    }
}

/* ---- the actor --------------------------------------------------------------------------------
 */

/* Looks at the signals: each second one acts at once, the others stay. What is pushed meanwhile
 * comes behind; the model, which has no meanwhile, trims afterwards. */
static void look(void)
{
    struct wtl__envelope *taken = wtl__ring_take(&cell, 0);
    uint32_t first = 0;
    while (first < waiting && !model[first].fresh) {
        first++;
    }
    cr_assert_eq(taken != NULL, first < waiting, "%u of %u", first, waiting);
    if (taken == NULL) {
        return;
    }
    struct wtl__envelope *sorted = NULL;
    struct wtl__envelope **last = &sorted;
    uint32_t at = first;
    while (taken != NULL) {
        struct wtl__envelope *envelope = taken;
        taken = envelope->next;
        cr_assert_eq(number_of(envelope), model[at].number);
        if (envelope->msg.kind_ == WTL__LOCAL && number_of(envelope) % 2 == 0) {
            wtl__envelope_free(envelope);
            erase(at);
            continue;
        }
        model[at++].fresh = false;
        *last = envelope;
        last = &envelope->next;
        *last = NULL;
    }
    cr_assert_eq(at, waiting);
    struct wtl__dropped dropped = wtl__ring_return(&cell, sorted);
    cr_assert_null(dropped.list, "nothing has come meanwhile");
}

static void next(void)
{
    bool is_there = waiting > 0 && !model[0].fresh;
    cr_assert_eq(wtl__ring_next(&cell), is_there);
    if (is_there) {
        struct wtl__envelope *envelope = cell.fifo;
        cr_assert_eq(number_of(envelope), model[0].number);
        cr_assert_eq(envelope->msg.request, envelope->msg.kind_ == WTL__CALL ? 99 : 0);
        bool idle = wtl__ring_idle(&cell, model[0].counted, true);
        erase(0);
        bool fresh = false;
        for (uint32_t i = 0; i < waiting; i++) {
            fresh = fresh || model[i].fresh;
        }
        cr_assert_eq(idle, !fresh);
        wtl__envelope_free(envelope);
        cell.fifo = NULL;
    }
}

static void begin(uint64_t seed)
{
    static const enum wtl_mailbox_policy policies[] = {WTL_MAILBOX_DROP_OLDEST, WTL_MAILBOX_LATEST};
    wtl__prng_init(&prng, seed);
    type = kit_type;
    type.mailbox_policy = policies[seed % 2];
    type.mailbox_max = 1 + (uint32_t)wtl__prng_below(&prng, BOUND_MAX);
    memset(&cell, 0, sizeof cell);
    cell.type = &type;
    cell.generation = 1;
    wtl__cell_reset(&cell, type.mailbox_max, type.mailbox_policy, WTL_PRIORITY_NORMAL);
    cr_assert(wtl__ring_open(&cell));
    wtl__cell_open(&cell);
    waiting = 0;
    next_number = 0;
}

static void end(void)
{
    struct wtl__envelope *fresh;
    struct wtl__envelope *seen = wtl__ring_close(&cell, &fresh);
    for (uint32_t i = 0; i < waiting; i++) {
        struct wtl__envelope **list = seen != NULL ? &seen : &fresh;
        struct wtl__envelope *envelope = *list;
        cr_assert_eq(number_of(envelope), model[i].number);
        *list = envelope->next;
        wtl__envelope_free(envelope);
    }
    cr_assert(seen == NULL && fresh == NULL);
}

Test(ring, does_what_an_array_does)
{
    uint64_t used = wtl__pool_stats().used_bytes;
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        begin(seed);
        for (int i = 0; i < STEPS; i++) {
            uint64_t what = wtl__prng_below(&prng, 10);
            if (what < 6) {
                push_some();
            } else if (what < 8) {
                look();
            } else {
                next();
            }
        }
        end();
    }
    wtl__pool_flush();
    cr_assert_eq(wtl__pool_stats().used_bytes, used);
}

/* ---- what comes while signals are out ----------------------------------------------------------
 */

/* Each number comes out once, or was given up, or was refused; and what comes out of one key, or of
 * everything when the oldest goes, is in order. */
static uint8_t fate[STEPS * 4];
static uint64_t last_of[KEYS + 1];
static bool calls; /* besides messages */

static void meets(struct wtl__envelope *envelope)
{
    uint64_t number = number_of(envelope);
    cr_assert_eq(fate[number]++, 0);
    wtl__envelope_free(envelope);
}

static void comes_out(struct wtl__envelope *envelope)
{
    bool keyed = type.mailbox_policy == WTL_MAILBOX_LATEST && envelope->msg.kind_ == WTL__MESSAGE;
    uint64_t *last = &last_of[keyed ? envelope->msg.from.local : 0];
    bool ordered = keyed || type.mailbox_policy == WTL_MAILBOX_DROP_OLDEST;
    cr_assert(!ordered || number_of(envelope) > *last);
    *last = number_of(envelope);
    meets(envelope);
}

static void drop_all(struct wtl__dropped dropped)
{
    while (dropped.list != NULL) {
        struct wtl__envelope *envelope = dropped.list;
        dropped.list = envelope->next;
        meets(envelope);
    }
}

static void push_any(void)
{
    static const enum wtl__kind kinds[] = {WTL__MESSAGE, WTL__MESSAGE, WTL__CALL, WTL__LOCAL};
    struct wtl__dropped dropped;
    enum wtl__kind kind = kinds[wtl__prng_below(&prng, WTL_COUNT(kinds))];
    struct wtl__envelope *envelope =
        make(kind == WTL__CALL && !calls ? WTL__MESSAGE : kind, 1 + wtl__prng_below(&prng, KEYS));
    if (wtl__ring_push(&cell, wtl__cell_local(&cell), envelope, &dropped) == WTL__REFUSED_FULL) {
        meets(envelope);
    }
    drop_all(dropped);
}

static void look_while_they_come(void)
{
    struct wtl__envelope *taken = wtl__ring_take(&cell, 0);
    struct wtl__envelope *sorted = NULL;
    struct wtl__envelope **last = &sorted;
    if (taken == NULL) {
        return;
    }
    for (uint64_t n = wtl__prng_below(&prng, 12); n > 0; n--) {
        push_any();
    }
    while (taken != NULL) {
        struct wtl__envelope *envelope = taken;
        taken = envelope->next;
        envelope->next = NULL;
        if (envelope->msg.kind_ == WTL__LOCAL && wtl__prng_below(&prng, 3) == 0) {
            meets(envelope);
            continue;
        }
        *last = envelope;
        last = &envelope->next;
    }
    drop_all(wtl__ring_return(&cell, sorted));
    bool only_keys = type.mailbox_policy == WTL_MAILBOX_LATEST && !calls;
    cr_assert_leq(wtl__inbox_count(&cell.inbox), only_keys ? KEYS : type.mailbox_max);
}

static void next_any(void)
{
    if (wtl__ring_next(&cell)) {
        uint32_t counted = cell.fifo->msg.kind_ <= WTL__KIND_LAST_COUNTED;
        comes_out(cell.fifo);
        cell.fifo = NULL;
        (void)wtl__ring_idle(&cell, counted, true);
    }
}

Test(ring, nothing_is_lost_twice_while_signals_are_looked_at)
{
    uint64_t used = wtl__pool_stats().used_bytes;
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        begin(seed);
        calls = seed % 4 < 2;
        memset(fate, 0, sizeof fate);
        memset(last_of, 0, sizeof last_of);
        for (int i = 0; i < STEPS && next_number < WTL_COUNT(fate) - 16; i++) {
            uint64_t what = wtl__prng_below(&prng, 10);
            if (what < 4) {
                push_any();
            } else if (what < 7) {
                look_while_they_come();
            } else {
                next_any();
            }
        }
        while (wtl__inbox_count(&cell.inbox) > 0 || !wtl__ring_idle(&cell, 0, false)) {
            look_while_they_come();
            next_any();
        }
        for (uint64_t number = 1; number <= next_number; number++) {
            cr_assert_eq(fate[number], 1, "seed %lu: %lu", (unsigned long)seed,
                         (unsigned long)number);
        }
        end();
    }
    wtl__pool_flush();
    cr_assert_eq(wtl__pool_stats().used_bytes, used);
}

Test(ring, X019_who_comes_for_a_former_actor_of_the_cell_reaches_nobody)
{
    uint64_t used = wtl__pool_stats().used_bytes;
    for (uint64_t seed = 0; seed < 2; seed++) {
        struct wtl__dropped dropped;
        begin(seed);
        struct wtl__envelope *envelope = make(WTL__MESSAGE, 1);
        uint64_t former = wtl__cell_local(&cell) - (UINT64_C(1) << WTL_PID_SLOT_BITS);
        cr_assert_eq(wtl__ring_push(&cell, former, envelope, &dropped), WTL__REFUSED_CLOSED);
        end();
        cr_assert_eq(wtl__ring_push(&cell, wtl__cell_local(&cell), envelope, &dropped),
                     WTL__REFUSED_CLOSED);
        wtl__envelope_free(envelope);
    }
    wtl__pool_flush();
    cr_assert_eq(wtl__pool_stats().used_bytes, used);
}
