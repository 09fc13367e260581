/*
 * every_end.c - actors that ask each other, hold, defer, answer for others, give up, have timers,
 * block each other, look into each other, go over to another version, and end in every way and at
 * any moment. Whatever happens: each question is answered once, or given up, or its asker has
 * ended; and when all is over, nothing is owed, awaited or counted any more.
 */
#include "every_end.h"

#include "actor/upgrade.h"
#include "base/log.h"
#include "base/pool.h"

enum { SEEDS = 300, TURNS = 400, NAP_MS = 60000 };

static struct kit kit;
static struct wtl_actor others[EVERY_TYPES]; /* another version of each */

static void spawn(uint32_t who)
{
    struct every_settings settings = {.who = who};
    struct wtl_spawn_options options = {.settings = &settings};
    every_pids[who] =
        wtl__spawn(&kit.step.runtime, NULL, every_types[who % EVERY_TYPES], &options, 0);
}

/* ---- upgrades -------------------------------------------------------------------------------- */

static struct wtl_pid upgrader;
static uint32_t upgrades; /* that go on */
static uint32_t went_over;
static uint32_t returned;
static bool is_other;

struct order {
    struct wtl__upgrade upgrade;
    struct wtl__version_pair pairs[EVERY_TYPES];
};

static void order_done(struct wtl__upgrade *upgrade, struct wtl__ctx *x)
{
    (void)x;
    bool ok = upgrade->error.status == WTL_OK;
    is_other ^= ok;
    went_over += ok;
    returned += !ok;
    upgrades--;
}

static void order_free(struct wtl__upgrade *upgrade)
{
    wtl__pool_give(WTL_CONTAINER(upgrade, struct order, upgrade));
}

static void begin_upgrade(void)
{
    struct order *new = wtl__pool_take(sizeof *new);
    cr_assert_not_null(new);
    *new = (struct order){.upgrade = {.pairs_count = EVERY_TYPES,
                                      .pairs = new->pairs,
                                      .within_ms = 1 + every_below(400),
                                      .done = order_done,
                                      .free = order_free}};
    for (uint32_t i = 0; i < EVERY_TYPES; i++) {
        new->pairs[i].from = is_other ? &others[i] : every_types[i];
        new->pairs[i].to = is_other ? every_types[i] : &others[i];
    }
    upgrades++;
    wtl__upgrade_begin(&kit.step.runtime, NULL, upgrader, &new->upgrade);
}

/* ---- the play -------------------------------------------------------------------------------- */

static void order(uint32_t who, struct wtl_tag tag)
{
    struct wtl__envelope *envelope = wtl__envelope_new(WTL__LOCAL);
    cr_assert_not_null(envelope);
    envelope->msg.tag = tag;
    (void)wtl__deliver(&kit.step.runtime, NULL, every_pids[who], envelope);
}

static void exit_from_outside(uint32_t who, struct wtl_reason reason, bool is_order)
{
    struct wtl__envelope *signal = wtl__envelope_new(WTL__EXIT_SEND);
    cr_assert_not_null(signal);
    wtl__set_reason(signal, reason);
    signal->msg.flags_ |= is_order ? WTL__FLAG_STOP : 0;
    (void)wtl__deliver(&kit.step.runtime, NULL, every_pids[who], signal);
}

static void something(void)
{
    uint32_t who = every_below(EVERY_ACTORS);
    if (!kit_lives(&kit, every_pids[who])) {
        spawn(who);
        return;
    }
    switch (every_below(30)) {
    case 0:
        exit_from_outside(who, every_reason(), every_once_in(2));
        break;
    case 1:
        if (upgrades == 0) {
            begin_upgrade();
        }
        break;
    case 2:
    case 3:
    case 4:
        kit_advance(&kit, every_below(12));
        break;
    case 5: {
        uint64_t next_ms = wtl__step_deadline(&kit.step);
        if (next_ms != WTL__WHEEL_NEVER) { /* what is due, and nothing has run yet */
            (void)wtl__step_fire(&kit.step, kit.step.now_ns + 10 * WTL__NS_PER_MS);
        }
        break;
    }
    default:
        order(who, WTL_TAG("act"));
        break;
    }
}

/* Who is suspended goes on, and who only waits for that ends. */
static void let_go(void)
{
    every_is_over = true;
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < EVERY_ACTORS; i++) {
            if (kit_lives(&kit, every_pids[i])) {
                kit_cell(&kit, every_pids[i])->flags &= ~WTL__CELL_SUSPENDED;
                order(i, WTL_TAG("done"));
            }
        }
        kit_advance(&kit, NAP_MS);
    }
}

static void count_tie(struct wtl__envelope *tie, void *context)
{
    uint32_t *counts = context;
    counts[wtl__tie_of(tie)]++;
}

static bool asks_for_ever(uint32_t who)
{
    bool any = false;
    for (uint32_t i = 0; i < every_asks_count; i++) {
        any |= every_asks[i].who == who && every_asks[i].life == every_pids[who].local &&
               every_asks[i].for_ever && every_asks[i].answers == 0 && !every_asks[i].given_up;
    }
    return any;
}

static void check(uint64_t seed)
{
    for (uint32_t i = 0; i < every_asks_count; i++) {
        const struct every_ask *ask = &every_asks[i];
        bool ended = !wtl_pid_equal(every_pids[ask->who], (struct wtl_pid){7, ask->life}) ||
                     !kit_lives(&kit, every_pids[ask->who]);
        cr_assert(ended || ask->given_up || ask->answers == 1 || ask->for_ever,
                  "seed %lu: %u asks for ever", (unsigned long)seed, ask->who);
    }
    for (uint32_t i = 0; i < EVERY_ACTORS; i++) {
        uint32_t counts[WTL__TIE_FAR + 1] = {0};
        if (!kit_lives(&kit, every_pids[i])) {
            continue;
        }
        const struct wtl__cell *cell = kit_cell(&kit, every_pids[i]);
        uint32_t busy = WTL__CELL_PARKED | WTL__CELL_HELD | WTL__CELL_UPGRADING | WTL__CELL_ERRAND |
                        WTL__CELL_ASKED | WTL__CELL_ENDING | WTL__CELL_INITING;
        cr_assert_eq(cell->flags & busy, 0, "seed %lu: %u has flags %x", (unsigned long)seed, i,
                     cell->flags);
        cr_assert_eq(cell->state_now, WTL__CELL_LIVE, "seed %lu: %u", (unsigned long)seed, i);
        cr_assert_null(cell->waiters);
        cr_assert_null(cell->spare);
        cr_assert_null(cell->fifo);
        cr_assert_eq(cell->notices, 0, "seed %lu", (unsigned long)seed);
        cr_assert_eq(cell->waiting_bytes, 0, "seed %lu: %lu bytes", (unsigned long)seed,
                     (unsigned long)cell->waiting_bytes);
        cr_assert_eq(wtl__inbox_activity(&cell->inbox), WTL__RESTS);
        wtl__ties_each(&cell->ties, count_tie, counts);
        cr_assert(counts[WTL__TIE_PENDING] == 0 || asks_for_ever(i), "seed %lu",
                  (unsigned long)seed);
    }
}

/* With all deadlines over: what is still owed is owed to those who wait for ever. */
static void check_owed(uint64_t seed)
{
    uint32_t owed = 0;
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < EVERY_ACTORS; i++) {
        uint32_t counts[WTL__TIE_FAR + 1] = {0};
        if (kit_lives(&kit, every_pids[i])) {
            wtl__ties_each(&kit_cell(&kit, every_pids[i])->ties, count_tie, counts);
            owed += counts[WTL__TIE_OWED];
            waiting += counts[WTL__TIE_PENDING];
        }
    }
    cr_assert_leq(owed, waiting, "seed %lu: %u owed, %u waiting", (unsigned long)seed, owed,
                  waiting);
}

static void no_line(void *state, const char *line, size_t length)
{
    (void)state;
    (void)line;
    (void)length;
}

static void play(uint64_t seed)
{
    every_begin(seed);
    kit_init(&kit, seed);
    upgrades = 0;
    is_other = false;
    upgrader = wtl__upgrader_spawn(&kit.step.runtime);
    for (uint32_t i = 0; i < EVERY_ACTORS; i++) {
        spawn(i);
    }
    for (uint32_t i = 0; i < TURNS && every_asks_count < EVERY_ASKS_MAX / 2; i++) {
        something();
        for (uint32_t j = every_below(6); j > 0; j--) {
            (void)wtl__step_one(&kit.step);
        }
    }
    let_go();
    cr_assert_eq(upgrades, 0);
    check(seed);
    check_owed(seed);
    kit_deinit(&kit);
}

Test(signals, X078_every_end_at_any_moment, .timeout = 200)
{
    wtl__log_set_sink(wtl__log_process(), no_line, NULL);
    for (size_t i = 0; i < EVERY_TYPES; i++) {
        others[i] = *every_types[i];
    }
    for (uint64_t seed = 1; seed <= test_seeds(SEEDS); seed++) {
        play(seed);
    }
    cr_assert_gt(went_over, SEEDS / 10);
    cr_assert_gt(returned, SEEDS / 10);
}
