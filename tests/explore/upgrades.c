/*
 * upgrades.c - actors that go over to another version of their code and back, while others send to
 * them, ask them and are asked, and some are spawned, end or are killed; half of the upgrades have
 * a reason to fail.
 *
 * No two versions ever run at a time: until an upgrade is decided the old one does, from then on
 * the new one, whoever was spawned from whatever description. No number is lost, doubled or
 * overtaken, each question has one answer, and what wtl_continue has put comes first.
 */
#include "clerk.h"

#include <stdalign.h>
#include <string.h>

#include "actor/upgrade.h"
#include "sched/system.h"

enum {
    SENDERS = CLERK_SOURCES - 1, /* the last one is the thread from outside */
    ROUNDS = 3,
    STEPS = 5, /* of a round */
};

struct order {
    alignas(16) struct wtl__upgrade upgrade; /* an inbox needs the low bits of its address */
    struct wtl__version_pair pair;
    uint64_t version; /* after it */
};

static struct {
    uint64_t known; /* the newest that ever ran: nobody else has the description of a newer one */
    unsigned clerks;
    bool ends[CLERKS];
    bool killed[CLERKS];
    struct wtl_pid senders[SENDERS];
    struct wtl_pid reaper;
    uint64_t sent[CLERK_SOURCES][CLERKS];
    unsigned told; /* to send */
    unsigned went;
    unsigned downs;
    struct order orders[ROUNDS + 1]; /* the last one, while all end */
    unsigned done;
    unsigned freed;
} stage;

static const struct wtl_actor *type_of(uint64_t version)
{
    return version == 1 ? &clerk_1 : &clerk_2;
}

/* ---- those around clerks ----------------------------------------------------------------------
 */

static enum wtl_status sender_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    unsigned *number = self;
    (void)x;
    (void)settings;
    *number = (unsigned)scene_number(args);
    return WTL_OK;
}

static enum wtl_status sender_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    unsigned me = *(unsigned *)self;
    (void)m;
    for (unsigned i = 0; i < CLERKS_STEADY; i++) {
        enum wtl_status status = scene_send(x, clerk_office.clerks[i], WTL_TAG("n"),
                                            clerk_number(me, ++stage.sent[me][i]));
        TURNS_EXPECT(status == WTL_OK, "not sent");
    }
    stage.went++;
    return WTL_OK;
}

static WTL_ACTOR(sender, unsigned, .init = sender_init, .handle = sender_handle);

/* Is told of a clerk to watch and kill. */
static enum wtl_status killer_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct wtl_pid pid = clerk_office.clerks[scene_number(m)];
    (void)self;
    (void)wtl_monitor(x, pid);
    if (wtl_is(m, "kill")) {
        wtl_exit(x, pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
    }
    return WTL_OK;
}

static enum wtl_status killer_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)x;
    (void)self;
    (void)down;
    stage.downs++;
    return WTL_OK;
}

static WTL_ACTOR(killer, char, .handle = killer_handle, .down = killer_down);

/* ---- upgrades ------------------------------------------------------------------------------- */

static struct order *order_of(struct wtl__upgrade *upgrade)
{
    return WTL_CONTAINER(upgrade, struct order, upgrade);
}

static void flipped(struct wtl__upgrade *upgrade)
{
    bool stops = order_of(upgrade) == &stage.orders[ROUNDS]; /* it may end before it is asked */
    TURNS_EXPECT(clerk_office.bad == 0 || stops, "an upgrade goes on that one of them has refused");
    clerk_office.version = order_of(upgrade)->version;
    stage.known = 2;
}

static void done(struct wtl__upgrade *upgrade, struct wtl__ctx *x)
{
    enum wtl_status status = upgrade->error.status;
    (void)x;
    TURNS_EXPECT((status == WTL_OK) == (clerk_office.version == order_of(upgrade)->version),
                 "an upgrade has ended as %d, and version %lu runs", status,
                 (unsigned long)clerk_office.version);
    TURNS_EXPECT(status == WTL_OK || upgrade->actors == 0, "some have gone over");
    stage.done++;
}

static void freed(struct wtl__upgrade *upgrade)
{
    (void)upgrade;
    TURNS_EXPECT(stage.freed < stage.done, "an upgrade is freed before it is done");
    stage.freed++;
}

/* Half of them have a clerk that refuses, or very little time. */
static void begin_upgrade(struct wtl_pid upgrader, unsigned round)
{
    struct order *order = &stage.orders[round];
    uint64_t to = 3 - clerk_office.version;
    clerk_office.bad = turns_draw(4) == 0 ? 1 + (unsigned)turns_draw(CLERKS_STEADY) : 0;
    clerk_office.bad_save = turns_draw(2) == 0;
    order->version = to;
    order->pair =
        (struct wtl__version_pair){.from = type_of(clerk_office.version), .to = type_of(to)};
    order->upgrade = (struct wtl__upgrade){.pairs = &order->pair,
                                           .pairs_count = 1,
                                           .within_ms = turns_draw(4) == 0 ? 1 : 0,
                                           .from = "old",
                                           .to = "new",
                                           .flipped = flipped,
                                           .done = done,
                                           .free = freed};
    wtl__upgrade_begin(wtl__runtime_of(scene_runtime), NULL, upgrader, &order->upgrade);
}

/* ---- the scene ------------------------------------------------------------------------------ */

static void tell(struct wtl_pid to, struct wtl_tag tag, uint64_t number)
{
    TURNS_EXPECT(scene_tell(to, tag, number) == WTL_OK, "not told");
}

static void let_send(unsigned which)
{
    stage.told++;
    tell(stage.senders[which], WTL_TAG("go"), 0);
}

/* From any description: who begins is of the version that was decided. */
static unsigned hire(void)
{
    unsigned which = stage.clerks++;
    clerk_office.clerks[which] = scene_spawn(type_of(1 + turns_draw(stage.known)), which);
    return which;
}

static void number(unsigned clerk)
{
    tell(clerk_office.clerks[clerk], WTL_TAG("n"),
         clerk_number(SENDERS, ++stage.sent[SENDERS][clerk]));
}

/* It ends by itself, behind all its numbers, or is killed at any moment. */
static void fire(unsigned which)
{
    stage.ends[which] = true;
    stage.killed[which] = turns_draw(2) == 0;
    if (stage.killed[which]) {
        tell(stage.reaper, WTL_TAG("kill"), which);
    } else {
        tell(stage.reaper, WTL_TAG("watch"), which);
        tell(clerk_office.clerks[which], WTL_TAG("end"), which);
    }
}

static void act(void)
{
    unsigned which = (unsigned)turns_draw(stage.clerks);
    switch (turns_draw(5)) {
    case 0:
        if (stage.clerks < CLERKS) {
            which = hire();
        }
        break;
    case 1:
        if (which >= CLERKS_STEADY && !stage.ends[which]) {
            number(which);
            fire(which);
        }
        break;
    case 2:
        tell(clerk_office.clerks[turns_draw(CLERKS_STEADY)], WTL_TAG("ask"), 0);
        break;
    default:
        let_send((unsigned)turns_draw(SENDERS));
        break;
    }
    if (!stage.ends[which]) {
        number(which);
    }
    turns_wait(NULL, turns_now_ns() + turns_draw(100000), "a while");
}

static bool all_have_come(void *context)
{
    (void)context;
    for (unsigned i = 0; i < stage.clerks; i++) {
        uint64_t sent = 0;
        for (unsigned from = 0; from < CLERK_SOURCES; from++) {
            sent += stage.sent[from][i];
        }
        if (clerk_office.came[i] != sent && !stage.killed[i]) {
            return false;
        }
    }
    return stage.went == stage.told && clerk_office.answered == clerk_office.asked &&
           stage.downs == stage.clerks - CLERKS_STEADY;
}

static void upgrades(void)
{
    memset(&stage, 0, sizeof stage);
    memset(&clerk_office, 0, sizeof clerk_office);
    clerk_office.version = 1;
    stage.known = 1;
    scene_begin(1, 3);
    struct wtl_pid upgrader = wtl__upgrader_spawn(wtl__runtime_of(scene_runtime));
    stage.reaper = scene_spawn(&killer, 0);
    for (unsigned i = 0; i < CLERKS_STEADY; i++) {
        clerk_office.clerks[stage.clerks++] = scene_spawn(&clerk_1, i);
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        stage.senders[i] = scene_spawn(&sender, i);
    }
    scene_wait(&clerk_office.begun, CLERKS_STEADY, "clerks that can refuse");
    for (unsigned round = 0; round < ROUNDS; round++) {
        begin_upgrade(upgrader, round);
        for (unsigned i = 0; i < STEPS; i++) {
            act();
        }
        scene_wait(&stage.done, round + 1, "an upgrade to be decided");
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        let_send(i);
    }
    for (unsigned i = CLERKS_STEADY; i < stage.clerks; i++) {
        if (!stage.ends[i]) {
            fire(i);
        }
    }
    turns_until(all_have_come, NULL, "all numbers, answers and ends");
    unsigned stops_amidst = turns_draw(4) == 0;
    if (stops_amidst) {
        begin_upgrade(upgrader, ROUNDS);
    }
    scene_end();
    TURNS_EXPECT(stage.freed == ROUNDS + stops_amidst && stage.done == stage.freed,
                 "%u upgrades are done, and %u freed", stage.done, stage.freed);
}

const struct scene scene_upgrades = {.name = "upgrades", .run = upgrades};
