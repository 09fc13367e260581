/* drafts.c - messages that an actor writes over several of its runs, and drops or sends later. */
#include "kit.h"

enum { SEEDS = 50, ACTORS = 3, WRITERS = 4 };

static struct kit kit;
static struct kit_puppet authors[ACTORS];
static struct kit_puppet reader;
static struct wtl_writer writers[ACTORS][WRITERS]; /* as if in the actors' states */

static struct wtl_writer *of(const struct kit_puppet *p)
{
    return writers[p - authors];
}

static void open_all(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    for (int i = 0; i < WRITERS; i++) {
        cr_assert(wtl_message_open(x, &of(p)[i], 16));
        wtl_put_u64(&of(p)[i], (uint64_t)i);
    }
}

/* The first and the last move to larger blocks. */
static void write_on(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    static const char text[500];
    (void)x;
    (void)cmd;
    wtl_put_bin(&of(p)[0], text, sizeof text);
    wtl_put_bin(&of(p)[WRITERS - 1], text, sizeof text);
}

static void send_one(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer *writer = &of(p)[cmd->number];
    if (cmd->number == 1) {
        wtl_message_drop(x, writer);
    } else {
        wtl_tell(x, reader.pid, WTL_TAG("number"), writer);
    }
}

Test(messages, what_is_open_stays_open_between_runs)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        reader = (struct kit_puppet){0};
        kit_init(&kit, seed);
        kit_spawn(&kit, &reader, NULL);
        for (int i = 0; i < ACTORS; i++) {
            authors[i] = (struct kit_puppet){0};
            kit_spawn(&kit, &authors[i], NULL);
            kit_do(&kit, &authors[i], (struct kit_cmd){.fn = open_all});
        }
        kit_settle(&kit);
        cr_assert_null(kit.step.x.drafts, "a batch that is over has left its messages listed");
        for (int i = 0; i < ACTORS; i++) {
            kit_do(&kit, &authors[i], (struct kit_cmd){.fn = write_on});
            for (uint64_t j = WRITERS; j-- > 0;) {
                kit_do(&kit, &authors[i], (struct kit_cmd){.fn = send_one, .number = j});
            }
        }
        kit_settle(&kit);
        cr_assert_eq(reader.got, ACTORS * (WRITERS - 1));
        kit_deinit(&kit);
    }
}

/* Opens some in one run and some in another, sends one of them, and ends that way. */
static void end_with_open_ones(struct wtl_reason reason, uint64_t seed)
{
    kit_init(&kit, seed);
    reader = (struct kit_puppet){0};
    kit_spawn(&kit, &reader, NULL);
    kit_spawn(&kit, &authors[0], NULL);
    kit_do(&kit, &authors[0], (struct kit_cmd){.fn = open_all});
    kit_settle(&kit);
    kit_do(&kit, &authors[0], (struct kit_cmd){.fn = send_one, .number = 2});
    kit_settle(&kit);
    memcpy(writers[1], writers[0], sizeof writers[0]); /* for who drops them */
    kit_do(&kit, &authors[0], (struct kit_cmd){.fn = open_all});
    kit_do(&kit, &authors[0], (struct kit_cmd){.fn = write_on});
    kit_settle(&kit);
    kit_exit(&kit, &reader, authors[0].pid, reason);
    kit_settle(&kit);
    cr_assert_not(kit_lives(&kit, authors[0].pid));
    kit_deinit(&kit); /* not a byte is left */
}

Test(messages, X078_what_is_open_goes_with_an_actor_that_is_killed)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        authors[0] = (struct kit_puppet){0};
        end_with_open_ones(WTL_REASON(WTL_EXIT_KILL, "kill"), seed);
    }
}

static enum wtl_status drop_all(struct wtl_ctx *x, struct kit_puppet *p, struct wtl_reason reason)
{
    (void)p;
    (void)reason;
    for (int i = 0; i < WRITERS; i++) {
        wtl_message_drop(x, &writers[0][i]);
        if (i != 2) { /* it was sent */
            wtl_message_drop(x, &writers[1][i]);
        }
    }
    return WTL_OK;
}

Test(messages, X078_what_is_open_is_dropped_by_a_stop)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        authors[0] = (struct kit_puppet){.stop = drop_all};
        end_with_open_ones(WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"), seed);
    }
}

/* ---- ends without a stop -----------------------------------------------------------------------
 */

static enum wtl_status open_and_wait(struct wtl_ctx *x, struct kit_puppet *p,
                                     const struct wtl_msg *args)
{
    (void)args;
    open_all(x, p, NULL);
    return WTL_LATER;
}

static enum wtl_status open_and_fail(struct wtl_ctx *x, struct kit_puppet *p,
                                     const struct wtl_msg *args)
{
    (void)args;
    open_all(x, p, NULL);
    return WTL_INVALID;
}

Test(messages, X078_what_is_open_goes_with_an_init_that_is_never_over)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        kit_init(&kit, seed);
        reader = (struct kit_puppet){0};
        authors[0] = (struct kit_puppet){.init = seed % 2 == 0 ? open_and_wait : open_and_fail};
        kit_spawn(&kit, &reader, NULL);
        kit_spawn(&kit, &authors[0], NULL);
        kit_settle(&kit);
        kit_exit(&kit, &reader, authors[0].pid, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
        kit_settle(&kit);
        cr_assert_not(kit_lives(&kit, authors[0].pid));
        cr_assert_eq(kit_count(&authors[0], KIT_STOPPED), 0, "there was nothing to stop");
        kit_deinit(&kit);
    }
}
