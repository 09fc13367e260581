/* timers.c - timers: never early, cancelled, owned, by name, many; and deadlines at the edges. */
#include "kit.h"

#include "base/pool.h"

static struct kit kit;
static struct kit_puppet owner;
static struct kit_puppet other;

static void begin(uint64_t seed)
{
    owner = (struct kit_puppet){0};
    other = (struct kit_puppet){0};
    kit_init(&kit, seed);
    kit_spawn(&kit, &owner, NULL);
    kit_spawn(&kit, &other, NULL);
    kit_settle(&kit);
}

/* ---- never early --------------------------------------------------------------------------- */

/* The body is the nanosecond at which the timer was to be due. */
static enum wtl_status not_early(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    uint64_t due_ns = kit_number(m);
    uint64_t now_ns = wtl_now_ns(x);
    (void)p;
    cr_assert_geq(now_ns, due_ns, "a timer was early");
    cr_assert_lt(now_ns, due_ns + 4 * WTL__NS_PER_MS, "a timer was late in virtual time");
    return WTL_OK;
}

static void start(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    (void)p;
    kit_body(x, &body, wtl_now_ns(x) + cmd->number * WTL__NS_PER_MS);
    cr_assert_neq(wtl_after(x, cmd->number, WTL_TAG("due"), &body), 0);
}

Test(timers, L12_never_early)
{
    struct wtl__prng prng;
    for (uint64_t seed = 0; seed < test_seeds(20); seed++) {
        wtl__prng_init(&prng, seed);
        begin(seed);
        owner.silent = true;
        owner.message = not_early;
        for (int i = 0; i < 200; i++) {
            kit_do(&kit, &owner,
                   (struct kit_cmd){.fn = start, .number = wtl__prng_below(&prng, 5000)});
            kit_settle(&kit);
            kit.step.now_ns += wtl__prng_below(&prng, 3000000); /* not on whole milliseconds */
            kit_advance(&kit, 0);
        }
        kit_advance(&kit, 6000);
        cr_assert_eq(owner.got, 200);
        cr_assert_eq(kit_cell(&kit, owner.pid)->ties.count, 0);
        kit_deinit(&kit);
    }
}

/* ---- cancel -------------------------------------------------------------------------------- */

static uint64_t timer;
static int64_t left_ms;

static void start_one(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    timer = wtl_after(x, cmd->number, WTL_TAG("due"), NULL);
}

static void start_every(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    timer = wtl_every(x, cmd->number, WTL_TAG("tick"));
}

static void cancel_one(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    left_ms = wtl_timer_cancel(x, timer);
}

Test(timers, L12_cancel_gives_what_was_left)
{
    begin(1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_one, .number = 1000});
    kit_advance(&kit, 300);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = cancel_one});
    kit_settle(&kit);
    cr_assert_eq(left_ms, 700);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = cancel_one});
    kit_advance(&kit, 5000);
    cr_assert_eq(left_ms, -1);
    cr_assert_eq(owner.got, 0);
    kit_deinit(&kit);
}

Test(timers, L12_cancel_after_it_fired)
{
    begin(1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_one, .number = 10});
    kit_advance(&kit, 10);
    cr_assert_eq(owner.got, 1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = cancel_one});
    kit_settle(&kit);
    cr_assert_eq(left_ms, -1);
    kit_deinit(&kit);
}

/* The alarm leaves the wheel on another thread while its owner is about to cancel it. */
static void fire_and_cancel(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl__ctx *own = wtl__ctx_of(x);
    struct wtl__envelope *tie =
        wtl__ties_find(&own->cell->ties, WTL__TIE_ALARM, WTL_PID_NONE, timer);
    struct wtl__alarm *alarm = WTL_CONTAINER(tie, struct wtl__alarm, tie);
    (void)p;
    cr_assert(wtl__wheel_remove(&kit.step.wheel, &alarm->timer));
    wtl__alarm_fire(own, alarm);
    if (cmd->number == 0) {
        left_ms = wtl_timer_cancel(x, timer);
    } else {
        wtl_stop(x, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    }
}

Test(timers, L12_cancel_while_it_fires)
{
    begin(1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_one, .number = 10});
    kit_do(&kit, &owner, (struct kit_cmd){.fn = fire_and_cancel});
    kit_advance(&kit, 100);
    cr_assert_eq(left_ms, 0);
    cr_assert_eq(owner.got, 0);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_every, .number = 10});
    kit_do(&kit, &owner, (struct kit_cmd){.fn = fire_and_cancel});
    kit_advance(&kit, 100);
    cr_assert_eq(owner.got, 0);
    kit_deinit(&kit);
}

Test(timers, L12_the_owner_ends_while_it_fires)
{
    begin(1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_one, .number = 10});
    kit_do(&kit, &owner, (struct kit_cmd){.fn = fire_and_cancel, .number = 1});
    kit_advance(&kit, 100);
    cr_assert_not(kit_lives(&kit, owner.pid));
    kit_deinit(&kit);
}

/* ---- owners, receivers, names -------------------------------------------------------------- */

Test(timers, L12_a_timer_ends_with_its_owner)
{
    begin(1);
    for (int i = 0; i < 50; i++) {
        kit_do(&kit, &owner, (struct kit_cmd){.fn = start_one, .number = 1000});
    }
    kit_settle(&kit);
    cr_assert_not(wtl__wheel_is_empty(&kit.step.wheel));
    kit_stop(&kit, &owner, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel));
    kit_deinit(&kit);
}

static void start_for_other(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    (void)p;
    kit_body(x, &body, 42);
    timer = wtl_tell_after(x, cmd->pid, cmd->number, WTL_TAG("due"), &body);
}

Test(timers, L12_a_message_to_another_actor_later)
{
    begin(1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_for_other, .pid = other.pid, .number = 20});
    kit_advance(&kit, 19);
    cr_assert_eq(other.got, 0);
    kit_advance(&kit, 1);
    cr_assert_eq(kit_only(&other, KIT_MESSAGE)->number, 42);
    cr_assert(wtl_pid_equal(kit_only(&other, KIT_MESSAGE)->from, owner.pid));
    kit_deinit(&kit);
}

static void start_for_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    timer = wtl_tell_name_after(x, "later", cmd->number, WTL_TAG("due"), NULL);
}

static void take_name(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    wtl_register(x, "later", WTL_LOCAL, NULL);
}

Test(timers, L12_a_name_is_looked_up_when_the_time_has_come)
{
    begin(1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_for_name, .number = 50});
    kit_advance(&kit, 10);
    kit_do(&kit, &other, (struct kit_cmd){.fn = take_name});
    kit_advance(&kit, 40);
    cr_assert_eq(other.got, 1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_for_name, .number = 50});
    kit_settle(&kit);
    kit_stop(&kit, &other, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_advance(&kit, 50); /* nobody holds it any more: dropped */
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel));
    kit_deinit(&kit);
}

/* ---- again and again ----------------------------------------------------------------------- */

Test(timers, L12_every_period_once_and_none_made_up_for)
{
    begin(1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_every, .number = 10});
    kit_advance(&kit, 100);
    cr_assert_eq(owner.got, 10);
    kit.step.now_ns += 95 * WTL__NS_PER_MS; /* the machine was asleep */
    kit_advance(&kit, 0);
    cr_assert_eq(owner.got, 11);
    kit_advance(&kit, 4);
    cr_assert_eq(owner.got, 11);
    kit_advance(&kit, 1);
    cr_assert_eq(owner.got, 12, "a period has lost its phase");
    kit_do(&kit, &owner, (struct kit_cmd){.fn = cancel_one});
    kit_advance(&kit, 100);
    cr_assert_eq(left_ms, 10);
    cr_assert_eq(owner.got, 12);
    kit_deinit(&kit);
}

/* Whatever keeps the actor from its messages, one tick waits for it afterwards. */
static void no_ticks_pile_up(uint32_t flag)
{
    begin(1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_every, .number = 10});
    kit_settle(&kit);
    uint64_t used = wtl__pool_stats().used_bytes;
    kit_cell(&kit, owner.pid)->flags |= flag;
    kit_advance(&kit, 1005);
    cr_assert_eq(owner.got, 0);
    cr_assert_lt(wtl__pool_stats().used_bytes, used + 1024);
    kit_cell(&kit, owner.pid)->flags &= ~flag;
    kit_tell(&kit, &other, owner.pid, 1);
    kit_settle(&kit);
    cr_assert_eq(owner.got, 2, "%lu messages, not a tick and another", (unsigned long)owner.got);
    cr_assert(wtl_tag_equal(owner.events[0].tag, WTL_TAG("tick")));
    cr_assert_eq(owner.events[0].request, 0, "a tick is no call");
    kit_advance(&kit, 5);
    cr_assert_eq(owner.got, 3, "the timer has lost its phase");
    kit_advance(&kit, 100);
    cr_assert_eq(owner.got, 13);
    kit_deinit(&kit);
}

Test(timers, L12_ticks_do_not_pile_up)
{
    no_ticks_pile_up(WTL__CELL_SUSPENDED);
    no_ticks_pile_up(WTL__CELL_HELD);
    no_ticks_pile_up(WTL__CELL_PARKED);
    no_ticks_pile_up(WTL__CELL_AWAY);
    no_ticks_pile_up(WTL__CELL_UPGRADING);
}

/* A machine on which handling a tick of 10 ms takes 35. */
static enum wtl_status be_slow(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)x;
    (void)p;
    cr_assert(wtl_tag_equal(m->tag, WTL_TAG("tick")));
    kit.step.now_ns += 35 * WTL__NS_PER_MS;
    return WTL_OK;
}

Test(timers, L12_ticks_of_a_slow_handler_do_not_pile_up)
{
    begin(1);
    owner.message = be_slow;
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_every, .number = 10});
    kit_settle(&kit);
    uint64_t begin_ns = kit.step.now_ns;
    for (uint64_t i = 1; i <= 20; i++) {
        cr_assert(wtl__step_fire(&kit.step, UINT64_MAX));
        kit_settle(&kit);
        cr_assert_eq(owner.got, i, "%lu ticks, not %lu", (unsigned long)owner.got,
                     (unsigned long)i);
    }
    cr_assert_eq(kit.step.now_ns, begin_ns + (10 + 20 * 35) * WTL__NS_PER_MS);
    owner.message = NULL;
    kit_advance(&kit, 0); /* the one that has come meanwhile */
    cr_assert_eq(owner.got, 21);
    kit_advance(&kit, 100);
    cr_assert_eq(owner.got, 31, "the timer has lost its phase");
    kit_deinit(&kit);
}

Test(timers, L12_a_tick_that_waits_outlives_its_timer)
{
    begin(1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_every, .number = 10});
    kit_settle(&kit);
    kit_cell(&kit, owner.pid)->flags |= WTL__CELL_SUSPENDED;
    kit_advance(&kit, 50);
    kit_cell(&kit, owner.pid)->flags &= ~WTL__CELL_SUSPENDED;
    kit_do(&kit, &owner, (struct kit_cmd){.fn = cancel_one});
    kit_advance(&kit, 50);
    cr_assert_eq(owner.got, 1);
    kit_cell(&kit, owner.pid)->flags |= WTL__CELL_SUSPENDED;
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_every, .number = 10});
    kit_advance(&kit, 50);
    kit_exit(&kit, &other, owner.pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
    kit_settle(&kit);
    kit_deinit(&kit); /* one that is not handled is not left behind */
}

/* ---- many ---------------------------------------------------------------------------------- */

enum { MANY = 1000000, MANY_BATCH = 10000 };

static void start_many(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    uint64_t *timers = p->user;
    for (uint64_t i = 0; i < MANY_BATCH; i++) {
        timers[cmd->number + i] = wtl_after(x, 1 + wtl_random(x) % 100000, WTL_TAG("due"), NULL);
        cr_assert_neq(timers[cmd->number + i], 0);
    }
}

static void cancel_many(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    uint64_t *timers = p->user;
    for (uint64_t i = 0; i < MANY_BATCH; i += 2) {
        cr_assert_geq(wtl_timer_cancel(x, timers[cmd->number + i]), 0);
    }
}

Test(timers, L12_a_million_timers_half_of_them_cancelled)
{
    static uint64_t timers[MANY];
    begin(1);
    owner.silent = true;
    owner.user = timers;
    for (uint64_t i = 0; i < MANY; i += MANY_BATCH) {
        kit_do(&kit, &owner, (struct kit_cmd){.fn = start_many, .number = i});
    }
    kit_settle(&kit);
    for (uint64_t i = 0; i < MANY; i += MANY_BATCH) {
        kit_do(&kit, &owner, (struct kit_cmd){.fn = cancel_many, .number = i});
    }
    kit_advance(&kit, 100001);
    cr_assert_eq(owner.got, MANY / 2);
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel));
    cr_assert_eq(kit_cell(&kit, owner.pid)->ties.count, 0);
    kit_deinit(&kit);
}

/* ---- the edges ----------------------------------------------------------------------------- */

Test(timers, X063_a_deadline_that_has_passed_fires_once_and_at_once)
{
    begin(1);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = start_one, .number = 0});
    kit_advance(&kit, 0);
    cr_assert_eq(owner.got, 1);
    kit_advance(&kit, 1000);
    cr_assert_eq(owner.got, 1);
    kit_deinit(&kit);
}

Test(timers, X063_the_largest_delays_never_fire)
{
    static const uint64_t delays[] = {UINT64_MAX,
                                      UINT64_MAX - 1,
                                      UINT64_MAX / 2,
                                      UINT64_C(1) << 62,
                                      UINT64_MAX / WTL__NS_PER_MS,
                                      UINT64_MAX / WTL__NS_PER_MS + 1};
    begin(1);
    for (size_t i = 0; i < WTL_COUNT(delays); i++) {
        kit_do(&kit, &owner, (struct kit_cmd){.fn = start_one, .number = delays[i]});
        kit_settle(&kit);
        kit_do(&kit, &owner, (struct kit_cmd){.fn = start_every, .number = delays[i]});
        kit_settle(&kit);
    }
    kit_advance(&kit, UINT64_C(1000) * 86400 * 365);
    cr_assert_eq(owner.got, 0);
    kit_do(&kit, &owner, (struct kit_cmd){.fn = cancel_one});
    kit_settle(&kit);
    cr_assert_gt(left_ms, 0);
    kit_deinit(&kit);
}
