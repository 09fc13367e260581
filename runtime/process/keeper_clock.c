/*
 * keeper_clock.c - how long a function of an actor may take, and how long a child may be silent.
 *
 * The board says which function runs, and counts them. The keeper takes the time itself: a function
 * that was the same one at two looks has run at least that long. A child that has messages and says
 * nothing is asked (PING) to show that it is back in its loop, so that one which has stopped, or
 * whose board lies, is found too. Without anything to watch the clock rests, and an idle process
 * wakes nobody.
 */
#include "process/keeper_private.h"

#include "base/log.h"

/* Looks within one budget, and the bounds of the time between two. */
#define LOOKS       4u
#define LOOK_MS_MIN 10u
#define LOOK_MS_MAX 500u
/* A look that comes so much later than it should: the machine had stopped, not the child. */
#define LATE 4u

static uint32_t budget_ms(const struct wtl__keeper *keeper)
{
    return keeper->process->module->config.budget_ms;
}

static uint32_t look_ms(const struct wtl__keeper *keeper)
{
    uint32_t ms = budget_ms(keeper) / LOOKS;
    return ms < LOOK_MS_MIN ? LOOK_MS_MIN : ms > LOOK_MS_MAX ? LOOK_MS_MAX : ms;
}

void wtl__keeper_start_clock(struct wtl_ctx *x, struct wtl__keeper *keeper)
{
    if (keeper->clock == 0 && keeper->state < WTL__KEEPER_ENDING) {
        keeper->looked_ns = wtl_now_ns(x);
        keeper->run_since_ns = keeper->looked_ns;
        keeper->heard_ns = keeper->looked_ns;
        keeper->pinged_ns = 0;
        keeper->clock = wtl_every(x, look_ms(keeper), WTL_TAG("tick"));
    }
}

void wtl__keeper_stop_clock(struct wtl_ctx *x, struct wtl__keeper *keeper)
{
    if (keeper->clock != 0) {
        (void)wtl_timer_cancel(x, keeper->clock);
        keeper->clock = 0;
    }
}

static uint64_t ms_since(uint64_t now_ns, uint64_t then_ns)
{
    return (now_ns - then_ns) / WTL__NS_PER_MS;
}

static void out_of_time(struct wtl_ctx *x, struct wtl__keeper *keeper,
                        const struct wtl__notes *notes)
{
    keeper->last = *notes;
    wtl__keeper_interrupt(x, keeper, "timeout");
}

/* A child that has something to do and is silent. */
static void ask_silent(struct wtl_ctx *x, struct wtl__keeper *keeper, uint64_t now_ns,
                       const struct wtl__notes *notes)
{
    static const struct wtl__pipe_frame ping = {.kind = WTL__PIPE_PING};
    if (ms_since(now_ns, keeper->heard_ns) < budget_ms(keeper)) {
        return;
    }
    if (keeper->pinged_ns == 0) {
        keeper->pinged_ns = now_ns;
        (void)wtl__process_send(keeper->process, wtl__ctx_of(x), NULL, &ping, false);
    } else if (ms_since(now_ns, keeper->pinged_ns) >= budget_ms(keeper)) {
        out_of_time(x, keeper, notes);
    }
}

static void look(struct wtl_ctx *x, struct wtl__keeper *keeper, uint64_t now_ns)
{
    const struct wtl__notes notes = wtl__board_read(keeper->process->child.board);
    const struct wtl__process_state state = wtl__process_look(keeper->process);
    bool runs = notes.function != WTL__IN_NOTHING;
    if (notes.runs != keeper->runs || !runs) {
        keeper->runs = notes.runs;
        keeper->run_since_ns = now_ns;
    } else if (ms_since(now_ns, keeper->run_since_ns) >= budget_ms(keeper)) {
        out_of_time(x, keeper, &notes);
        return;
    }
    if (state.begun != state.over) {
        ask_silent(x, keeper, now_ns, &notes);
    } else if (!runs && ms_since(now_ns, keeper->heard_ns) > 2 * look_ms(keeper) &&
               wtl__process_rest(keeper->process)) {
        wtl__keeper_stop_clock(x, keeper);
    }
}

void wtl__keeper_tick(struct wtl_ctx *x, struct wtl__keeper *keeper)
{
    uint64_t now_ns = wtl_now_ns(x);
    bool late = ms_since(now_ns, keeper->looked_ns) > LATE * look_ms(keeper);
    keeper->looked_ns = now_ns;
    if (keeper->state == WTL__KEEPER_STARTING) {
        if (ms_since(now_ns, keeper->started_ns) >= keeper->process->module->config.load_ms) {
            wtl__keeper_kill(x, keeper, "load_timeout");
        }
    } else if (late) {
        keeper->run_since_ns = now_ns;
        keeper->heard_ns = now_ns;
        keeper->pinged_ns = 0;
    } else if (keeper->state == WTL__KEEPER_UP) {
        wtl__process_reserve(keeper->process, wtl__ctx_of(x)); /* what there was no memory for */
        wtl__process_ring_again(keeper->process, wtl__ctx_of(x));
        look(x, keeper, now_ns);
    }
}
