/* memory.c - the cap on what an actor holds: blocks, messages that wait, replies, messages it
 * keeps. */
#include "kit.h"

#include "base/log.h"
#include "base/pool.h"

enum { CAP = 20000, BODY = 1000 };

static struct kit kit;
static struct kit_puppet victim;
static struct kit_puppet other;
static struct wtl_actor capped;
static char log_text[4096];

static void keep_log(void *state, const char *line, size_t length)
{
    size_t used = strlen(log_text);
    (void)state;
    if (used + length < sizeof log_text) {
        memcpy(log_text + used, line, length);
        log_text[used + length] = '\0';
    }
}

static void begin(uint64_t seed)
{
    log_text[0] = '\0';
    wtl__log_set_sink(wtl__log_process(), keep_log, NULL);
    wtl__log_set_rate(wtl__log_process(), UINT32_MAX);
    capped = kit_type;
    capped.memory_max = CAP;
    victim.count = 0;
    other = (struct kit_puppet){0};
    kit_init(&kit, seed);
    kit_spawn(&kit, &other, NULL);
    kit_spawn(&kit, &victim, &capped);
    kit_monitor(&kit, &other, victim.pid);
    kit_settle(&kit);
}

static void expect_killed(void)
{
    kit_settle(&kit);
    cr_assert(kit_reason_is(kit_only(&other, KIT_DOWN)->reason, "killed:memory_max"));
    cr_assert_eq(kit_count(&victim, KIT_STOPPED), 0, "who is killed does not run its stop");
    cr_assert_eq(kit_counter(&kit, WTL__COUNT_CRASHED), 1);
    cr_assert_not_null(strstr(log_text, "error memory_report pid=1.1 name=\"\" type=kit_type"));
    cr_assert_not_null(strstr(log_text, "memory_max=20000"));
    kit_deinit(&kit);
}

static void expect_alive(void)
{
    kit_settle(&kit);
    cr_assert(kit_lives(&kit, victim.pid));
    cr_assert_eq(kit_cell(&kit, victim.pid)->waiting_bytes, 0);
    cr_assert_str_eq(log_text, "");
    kit_deinit(&kit);
}

/* ---- blocks -------------------------------------------------------------------------------- */

static void allocate(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    void *block = wtl_alloc(x, (size_t)cmd->number);
    p->last = block != NULL;
}

Test(memory, L10_a_block_beyond_the_cap_kills_with_a_report)
{
    victim = (struct kit_puppet){0};
    begin(1);
    kit_do(&kit, &victim, (struct kit_cmd){.fn = allocate, .number = CAP / 2});
    kit_do(&kit, &victim, (struct kit_cmd){.fn = allocate, .number = CAP / 2});
    kit_settle(&kit);
    cr_assert_eq(victim.last, 1);
    cr_assert(kit_lives(&kit, victim.pid), "exactly the cap is not beyond it");
    kit_do(&kit, &victim, (struct kit_cmd){.fn = allocate, .number = 1});
    kit_settle(&kit);
    cr_assert_eq(victim.last, 0);
    expect_killed();
}

/* A block that was written to and given back, and others of the same size from then on. */
static void dirty(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    size_t size = (size_t)cmd->number;
    unsigned char *block = wtl_alloc(x, size);
    cr_assert_not_null(block);
    memset(block, 0xa5, size);
    wtl_free(x, block);
    for (unsigned i = 0; i < 4; i++) {
        block = wtl_alloc(x, size);
        cr_assert_not_null(block);
        for (size_t at = 0; at < size; at++) {
            p->last += block[at];
        }
    }
}

/* An upgrade that leaves the state where it is looks at all of them for addresses of code. */
Test(memory, L19_a_block_holds_nothing_of_others)
{
    begin(1);
    for (uint64_t size = 1; size <= 100000; size = size * 3 + 1) {
        kit_do(&kit, &other, (struct kit_cmd){.fn = dirty, .number = size});
    }
    kit_settle(&kit);
    cr_assert_eq(other.last, 0);
    kit_deinit(&kit);
}

/* ---- what waits ------------------------------------------------------------------------------ */

static void send_body(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    static const char bytes[BODY];
    (void)p;
    for (uint64_t i = 0; i < cmd->number; i++) {
        struct wtl_writer body;
        cr_assert(wtl_message_open(x, &body, BODY));
        wtl_put_bin(&body, bytes, BODY);
        wtl_tell(x, cmd->pid, WTL_TAG("bytes"), &body);
    }
}

static void send_many(uint64_t count)
{
    kit_do(&kit, &other, (struct kit_cmd){.fn = send_body, .pid = victim.pid, .number = count});
    kit_settle(&kit);
}

Test(memory, L10_messages_that_wait_count)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        victim = (struct kit_puppet){.silent = true};
        begin(seed);
        kit_cell(&kit, victim.pid)->flags |= WTL__CELL_SUSPENDED;
        send_many(10);
        cr_assert(kit_lives(&kit, victim.pid));
        cr_assert_geq(kit_cell(&kit, victim.pid)->waiting_bytes, 10 * BODY);
        send_many(10); /* with their envelopes more than the cap */
        expect_killed();
    }
}

Test(memory, L10_messages_that_were_handled_do_not_count)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        victim = (struct kit_puppet){.silent = true};
        begin(seed);
        for (int i = 0; i < 10; i++) {
            send_many(10);
        }
        cr_assert_eq(victim.got, 100);
        expect_alive();
    }
}

/* ---- replies ----------------------------------------------------------------------------------
 */

static enum wtl_status reply_bytes(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    static const char bytes[BODY];
    struct wtl_writer body;
    (void)p;
    cr_assert(wtl_message_open(x, &body, BODY));
    wtl_put_bin(&body, bytes, BODY);
    wtl_reply(x, m, &body);
    return WTL_OK;
}

static void ask_many(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    for (uint64_t i = 0; i < cmd->number; i++) {
        (void)wtl_call(x, cmd->pid, WTL_TAG("ask"), NULL, KIT_CALL(p));
    }
}

static void ask(uint64_t count)
{
    other.message = reply_bytes;
    kit_do(&kit, &victim, (struct kit_cmd){.fn = ask_many, .pid = other.pid, .number = count});
    while (victim.got + kit_cell(&kit, victim.pid)->ties.count < count) {
        cr_assert(wtl__step_one(&kit.step));
    }
}

Test(memory, L10_replies_that_wait_count)
{
    victim = (struct kit_puppet){0};
    begin(1);
    ask(25);
    kit_cell(&kit, victim.pid)->flags |= WTL__CELL_SUSPENDED;
    expect_killed();
    victim = (struct kit_puppet){0};
    begin(1);
    ask(10);
    kit_settle(&kit);
    cr_assert_eq(kit_count(&victim, KIT_ANSWER), 10);
    expect_alive();
}

/* ---- what is kept -----------------------------------------------------------------------------
 */

static const struct wtl_msg *kept[100];

static enum wtl_status keep(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    kept[p->got - 1] = wtl_keep(x, m);
    return WTL_OK;
}

static void release_all(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)cmd;
    while (p->got > 0) {
        wtl_release(x, kept[--p->got]);
    }
}

Test(memory, L10_messages_that_are_kept_count)
{
    victim = (struct kit_puppet){.silent = true, .message = keep};
    begin(1);
    for (int i = 0; i < 10; i++) {
        send_many(10);
        kit_do(&kit, &victim, (struct kit_cmd){.fn = release_all});
        kit_settle(&kit);
    }
    cr_assert(kit_lives(&kit, victim.pid));
    cr_assert_eq(kit_cell(&kit, victim.pid)->memory_used, 0);
    send_many(10);
    send_many(10);
    expect_killed();
}
