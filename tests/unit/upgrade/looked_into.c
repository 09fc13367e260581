/* looked_into.c - somebody looks into an actor, or replaces its state, while it is held for an
 * upgrade: what it answers is what it then is, whichever way the upgrade ends. */
#include <wattle/sys.h>

#include "line.h"

static struct line line;
static struct kit_puppet asker;
static struct kit_puppet mute;
static unsigned looks; /* functions of the actor that have run for the asker */

struct keeper {
    uint64_t *number; /* in a block, another one after each change */
};

static void keep_number(struct wtl_ctx *x, struct keeper *keeper, uint64_t number)
{
    wtl_free(x, keeper->number);
    keeper->number = wtl_alloc(x, sizeof *keeper->number);
    cr_assert_not_null(keeper->number);
    *keeper->number = number;
}

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    (void)settings;
    (void)args;
    keep_number(x, self, 1);
    return WTL_OK;
}

static enum wtl_status on_unlisted(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                   void *context)
{
    (void)x;
    (void)self;
    (void)answer;
    (void)context;
    return WTL_OK;
}

/* "ask": it cannot go over until the mute one has answered, or is no more. */
static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    if (wtl_is(message, "ask")) {
        (void)wtl_call(x, mute.pid, WTL_TAG("question"), NULL,
                       &(struct wtl_call_options){.on_answer = on_unlisted});
    }
    return WTL_OK;
}

static void show(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    const struct keeper *keeper = self;
    (void)x;
    looks++;
    wtl_put_u64(out, *keeper->number);
}

static enum wtl_status replace(struct wtl_ctx *x, void *self, const struct wtl_msg *state)
{
    looks++;
    keep_number(x, self, kit_number(state));
    return WTL_OK;
}

static enum wtl_status save(struct wtl_ctx *x, const void *self, struct wtl_writer *saved)
{
    const struct keeper *keeper = self;
    wtl_put_u64(saved, *keeper->number);
    wtl_free(x, keeper->number);
    return WTL_OK;
}

static enum wtl_status upgrade(struct wtl_ctx *x, void *self, const void *settings,
                               const struct wtl_saved *saved)
{
    struct wtl_reader reader = wtl_read(&saved->message);
    (void)settings;
    keep_number(x, self, wtl_get_u64(&reader));
    return WTL_OK;
}

static WTL_ACTOR(keeper_1, struct keeper, .state_vsn = 1, .init = init, .handle = handle,
                 .show = show, .replace = replace, .save = save);
static WTL_ACTOR(keeper_2, struct keeper, .state_vsn = 2, .init = init, .handle = handle,
                 .show = show, .replace = replace, .upgrade = upgrade);

static void do_replace(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    kit_body(x, &body, cmd->number);
    cr_assert_neq(wtl_sys_replace(x, cmd->pid, &body, KIT_CALL(p)), 0);
}

static void do_look(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    cr_assert_neq(wtl_sys_state(x, cmd->pid, KIT_CALL(p)), 0);
}

/* One is held, because the other one waits; it is asked for its state, which is replaced then, and
 * asked for it again. */
static struct wtl_pid open_held(uint64_t seed)
{
    asker = (struct kit_puppet){0};
    mute = (struct kit_puppet){0};
    line_init(&line, seed);
    looks = 0;
    (void)kit_spawn(&line.kit, &asker, NULL);
    (void)kit_spawn(&line.kit, &mute, NULL);
    for (uint32_t i = 0; i < 2; i++) {
        line.seen[i].pid = wtl__spawn(&line.kit.step.runtime, NULL, &keeper_1, NULL, 0);
    }
    line_order(&line, 1, "ask", WTL_PID_NONE);
    kit_settle(&line.kit);
    line_begin_within(&line, &keeper_1, &keeper_2, 40);
    kit_settle(&line.kit);
    struct wtl_pid held = line.seen[0].pid;
    cr_assert_neq(kit_cell(&line.kit, held)->flags & WTL__CELL_UPGRADING, 0);
    kit_do(&line.kit, &asker, (struct kit_cmd){.fn = do_look, .pid = held});
    kit_do(&line.kit, &asker, (struct kit_cmd){.fn = do_replace, .pid = held, .number = 7});
    kit_do(&line.kit, &asker, (struct kit_cmd){.fn = do_look, .pid = held});
    kit_settle(&line.kit);
    cr_assert_eq(line.done, 0);
    cr_assert_eq(looks, 0, "a function of it has run while it was held");
    return held;
}

static void expect_answers(struct wtl_pid held)
{
    cr_assert_eq(line.done, 1);
    cr_assert_eq(kit_count(&asker, KIT_ANSWER), 3);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(kit_nth(&asker, KIT_ANSWER, i)->status, WTL_OK);
    }
    cr_assert_eq(kit_nth(&asker, KIT_ANSWER, 0)->number, 1);
    cr_assert_eq(kit_nth(&asker, KIT_ANSWER, 2)->number, 7);
    const struct keeper *keeper = kit_cell(&line.kit, held)->state;
    cr_assert_eq(*keeper->number, 7, "what was answered is not what it is");
    cr_assert_eq(kit_cell(&line.kit, held)->memory_used, sizeof(uint64_t));
}

Test(upgrade, X096_looked_into_while_held_and_goes_over)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct wtl_pid held = open_held(seed);
        kit_stop(&line.kit, &mute, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
        kit_advance(&line.kit, 35);
        cr_assert_eq(line.status, WTL_OK, "%s", line.text);
        cr_assert_eq(kit_cell(&line.kit, held)->type, &keeper_2);
        expect_answers(held);
        line_deinit(&line);
    }
}

Test(upgrade, X096_looked_into_while_held_and_returns)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct wtl_pid held = open_held(seed);
        kit_advance(&line.kit, 50);
        cr_assert_eq(line.status, WTL_TIMEOUT, "%s", line.text);
        cr_assert_eq(kit_cell(&line.kit, held)->type, &keeper_1);
        expect_answers(held);
        line_deinit(&line);
    }
}

/* Its end is the answer to those that wait. */
Test(upgrade, X096_looked_into_while_held_and_ends)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct wtl_pid held = open_held(seed);
        kit_exit(&line.kit, &asker, held, WTL_REASON(WTL_EXIT_KILL, "kill"));
        kit_settle(&line.kit);
        cr_assert_eq(kit_count(&asker, KIT_ANSWER), 3);
        for (uint32_t i = 0; i < 3; i++) {
            cr_assert_eq(kit_nth(&asker, KIT_ANSWER, i)->status, WTL_CLOSED);
        }
        cr_assert_eq(looks, 0);
        line_deinit(&line);
    }
}
