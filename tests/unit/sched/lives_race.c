/*
 * lives_race.c - actors that are born, tied to each other, named and killed on several workers at
 * once, while stale pids are sent to, for the thread sanitizer. Exit code 0: each end was told once
 * to each who waited for it, and nothing is left.
 */
#include "program.h"

enum { BREEDERS = 12, LITTER = 20, GENERATIONS = 40 };

static struct wtl_pid breeders[BREEDERS];
/* Pids of actors that live or have ended: everyone sends to them. */
static _Atomic(uint64_t) known[64];

static struct wtl_pid some_known(struct wtl_ctx *x)
{
    return (struct wtl_pid){.node = wtl_self(x).node,
                            .local = atomic_load(&known[wtl_random(x) % WTL_COUNT(known)])};
}

/* ---- children: they do something at random, and end in a way of their own -------------------- */

static enum wtl_status end_somehow(struct wtl_ctx *x)
{
    switch (wtl_random(x) % 4) {
    case 0:
        return WTL_STOP;
    case 1:
        return WTL_INVALID;
    case 2:
        wtl_exit(x, wtl_self(x), WTL_REASON(WTL_EXIT_KILL, "kill"));
        return WTL_OK;
    default:
        wtl_stop(x, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
        return WTL_OK;
    }
}

static enum wtl_status child_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct wtl_pid other = some_known(x);
    (void)self;
    if (m->request != 0) {
        if (wtl_random(x) % 2 == 0) {
            wtl_reply(x, m, NULL);
        }
        return WTL_OK;
    }
    if (wtl_is(m, "noise")) {
        return WTL_OK;
    }
    wtl_tell(x, other, WTL_TAG("noise"), NULL);
    switch (wtl_random(x) % 5) {
    case 0:
        (void)wtl_monitor(x, other);
        break;
    case 1:
        wtl_trap_exits(x, true);
        wtl_link(x, other);
        wtl_unlink(x, other);
        break;
    case 2:
        (void)wtl_call(x, other, WTL_TAG("ask"), NULL, NULL);
        break;
    case 3:
        (void)wtl_after(x, wtl_random(x) % 3, WTL_TAG("noise"), NULL);
        break;
    default:
        wtl_register(x, "first.come", WTL_LOCAL, NULL);
        (void)wtl_whereis_local(x, "first.come");
        break;
    }
    return end_somehow(x);
}

static WTL_ACTOR(child, uint64_t, .handle = child_handle);

/* ---- breeders: each end of a child is an exit and a down --------------------------------------
 */

struct breeder {
    uint32_t generation;
    uint32_t exits;
    uint32_t downs;
};

static void breed(struct wtl_ctx *x)
{
    struct wtl_spawn_options options = {.link = true, .monitor = true};
    for (int i = 0; i < LITTER; i++) {
        struct wtl_pid pid = wtl_spawn(x, &child, &options);
        WTL_ASSERT(!wtl_pid_is_none(pid));
        atomic_store(&known[wtl_random(x) % WTL_COUNT(known)], pid.local);
        WTL_ASSERT(program_send(x, pid, WTL_TAG("live"), 1) == WTL_OK);
    }
}

static enum wtl_status breeder_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    if (wtl_is(m, "go")) {
        wtl_trap_exits(x, true);
        breed(x);
    }
    return WTL_OK;
}

static void ended(struct wtl_ctx *x, struct breeder *breeder)
{
    if (breeder->exits < LITTER || breeder->downs < LITTER) {
        return;
    }
    WTL_ASSERT(breeder->exits == LITTER && breeder->downs == LITTER);
    breeder->exits = 0;
    breeder->downs = 0;
    program_count();
    if (++breeder->generation < GENERATIONS) {
        breed(x);
    }
}

static enum wtl_status breeder_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct breeder *breeder = self;
    WTL_ASSERT(exit->reason.class_ != WTL_EXIT_NOPROC);
    breeder->exits++;
    ended(x, breeder);
    return WTL_OK;
}

static enum wtl_status breeder_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct breeder *breeder = self;
    WTL_ASSERT(down->reason.class_ != WTL_EXIT_NOPROC);
    breeder->downs++;
    ended(x, breeder);
    return WTL_OK;
}

static WTL_ACTOR(breeder, struct breeder, .mailbox_max = WTL_MAILBOX_LIMIT,
                 .handle = breeder_handle, .exited = breeder_exited, .down = breeder_down);

/* ---- pairs that link, unlink and end -------------------------------------------------------- */

enum { PAIRS = 200 };

static enum wtl_status partner_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct wtl_pid *peer = self;
    struct wtl_reader reader = wtl_read(m);
    if (wtl_is(m, "peer")) {
        peer->node = wtl_get_u64(&reader);
        peer->local = wtl_get_u64(&reader);
        for (int i = 0; i < 20; i++) {
            if (wtl_random(x) % 2 == 0) {
                wtl_link(x, *peer);
            } else {
                wtl_unlink(x, *peer);
            }
            wtl_tell(x, *peer, WTL_TAG("noise"), NULL);
        }
        wtl_link(x, *peer);
        (void)wtl_monitor(x, *peer);
        return wtl_random(x) % 2 == 0 ? WTL_INVALID : WTL_OK;
    }
    return WTL_OK;
}

/* The pair ends together, by the link or by the monitor, whichever side goes first. */
static enum wtl_status partner_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)x;
    (void)self;
    (void)down;
    return WTL_STOP;
}

static WTL_ACTOR(partner, struct wtl_pid, .handle = partner_handle, .down = partner_down);

static void introduce(struct wtl_pid to, struct wtl_pid peer)
{
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 32);
    wtl_put_u64(&body, peer.node);
    wtl_put_u64(&body, peer.local);
    enum wtl_status status = wtl_runtime_tell(program_runtime, to, WTL_TAG("peer"), &body);
    WTL_ASSERT(status == WTL_OK || status == WTL_NO_PROCESS); /* its peer may have ended it */
}

static void pairs(void)
{
    static struct wtl_pid left[PAIRS];
    static struct wtl_pid right[PAIRS];
    program_begin(3, false);
    for (int i = 0; i < PAIRS; i++) {
        left[i] = program_spawn(&partner, NULL);
        right[i] = program_spawn(&partner, NULL);
        introduce(left[i], right[i]);
        introduce(right[i], left[i]);
    }
    program_end("pairs that link and unlink");
}

static void families(void)
{
    program_begin(3, false);
    for (int i = 0; i < BREEDERS; i++) {
        breeders[i] = program_spawn(&breeder, NULL);
        WTL_ASSERT(program_tell(breeders[i], WTL_TAG("go"), 0) == WTL_OK);
    }
    program_wait((uint64_t)BREEDERS * GENERATIONS);
    program_end("litters that were born and died");
}

int main(void)
{
    families();
    pairs();
    return 0;
}
