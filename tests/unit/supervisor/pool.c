/* pool.c - simple_one_for_one: many children of one spec. */
#include "kit.h"

#include "base/pool.h"

static struct wtl_pid add_letter(struct wtl_pid pool, char letter, enum wtl_status status)
{
    char text[] = "text of ?";
    text[8] = letter;
    struct kit_settings settings = {letter - 'a', text};
    return kit_added(pool, &(struct wtl_child){.type = &kit_worker, .settings = &settings}, status);
}

static unsigned running(struct wtl_pid pool)
{
    return (unsigned)kit_count(pool, "active");
}

Test(supervisor, S08_children_of_one_spec_known_by_pid)
{
    EACH_SEED
    {
        struct wtl_child spec[] = {CHILD("z")};
        struct wtl_pid pool = kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE));
        struct answer answer;
        cr_assert(kit.top_started);
        EXPECT_TRACE("");
        struct wtl_pid a = add_letter(pool, 'a', WTL_OK);
        struct wtl_pid b = add_letter(pool, 'b', WTL_OK);
        struct wtl_pid z = kit_added(pool, NULL, WTL_OK); /* the pool's own settings */
        EXPECT_TRACE("+a +b +z");
        cr_assert(kit_lives(a) && kit_lives(b) && kit_lives(z));
        cr_assert_eq(kit_count(pool, "specs"), 1);
        cr_assert_eq(running(pool), 3);
        kit_ask(&answer, pool, WTL_CHILD_TERMINATE, NULL, b);
        kit_settle();
        cr_assert_eq(answer.status, WTL_OK);
        EXPECT_TRACE("+a +b +z -b");
        kit_ask(&answer, pool, WTL_CHILD_TERMINATE, NULL, b);
        kit_settle();
        cr_assert_eq(answer.status, WTL_OK, "dead is what it should be");
        kit_ask(&answer, pool, WTL_CHILD_TERMINATE, NULL, kit.boss);
        kit_settle();
        cr_assert_eq(answer.status, WTL_NOT_FOUND, "alive, and not its child");
        cr_assert_eq(kit_asked(pool, WTL_CHILD_TERMINATE, "z"), WTL_UNSUPPORTED);
        cr_assert_eq(kit_asked(pool, WTL_CHILD_RESTART, "z"), WTL_UNSUPPORTED);
        cr_assert_eq(kit_asked(pool, WTL_CHILD_DELETE, "z"), WTL_UNSUPPORTED);
        cr_assert_eq(running(pool), 2);
        kit_do(a, "crash"); /* restarted with its own settings */
        kit_settle();
        EXPECT_TRACE("+a +b +z -b -a +a");
        cr_assert_eq(running(pool), 2);
        static const struct wtl_actor other = {.size = sizeof other, .settings_size = 1};
        struct wtl_child wrong = {.type = &other, .settings = ""};
        (void)kit_added(pool, &wrong, WTL_INVALID);
    }
}

Test(supervisor, S08_ends_of_pool_children)
{
    static const struct {
        enum wtl_restart restart;
        const char *end;
        unsigned left;
    } cases[] = {
        {WTL_PERMANENT, "normal", 1}, {WTL_PERMANENT, "crash", 1},  {WTL_TRANSIENT, "normal", 0},
        {WTL_TRANSIENT, "crash", 1},  {WTL_TEMPORARY, "normal", 0}, {WTL_TEMPORARY, "crash", 0},
    };
    EACH_SEED
    {
        for (size_t i = 0; i < WTL_COUNT(cases); i++) {
            struct wtl_child spec[] = {CHILD("z", .restart = cases[i].restart)};
            struct wtl_pid pool = kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE));
            kit_do(add_letter(pool, 'a', WTL_OK), cases[i].end);
            kit_settle();
            cr_assert_eq(running(pool), cases[i].left, "case %zu", i);
            cr_assert_eq(kit_count(pool, "workers"), cases[i].left, "nothing is kept");
            kit_end(pool);
            kit_settle();
        }
    }
}

Test(supervisor, S08_starts_that_fail_or_are_ignored)
{
    EACH_SEED
    {
        struct wtl_child spec[] = {CHILD("z", .start_ms = 50)};
        struct wtl_pid pool =
            kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE, INTENSITY(3, 1000)));
        kit_script("a")->fail_starts = 1;
        (void)add_letter(pool, 'a', WTL_SYSTEM);
        kit_script("b")->ignore_starts = 1;
        cr_assert(wtl_pid_is_none(add_letter(pool, 'b', WTL_OK)));
        cr_assert_eq(kit_count(pool, "workers"), 0);
        kit_script("c")->ignore_starts = 0;
        struct wtl_pid c = add_letter(pool, 'c', WTL_OK);
        kit_script("c")->ignore_starts = 1;
        kit_kill(c);
        kit_settle();
        cr_assert_eq(kit_count(pool, "workers"), 0, "ignored at its restart, it is forgotten");
        struct wtl_pid d = add_letter(pool, 'd', WTL_OK);
        kit_script("d")->fail_starts = 1;
        kit_kill(d);
        kit_settle();
        cr_assert_eq(running(pool), 1, "tried again");
        kit_kill(kit_pid("d"));
        kit_settle();
        cr_assert(kit.top_down, "four attempts are too many");
    }
}

Test(supervisor, S08_a_slow_start_holds_up_nobody)
{
    EACH_SEED
    {
        struct wtl_child spec[] = {CHILD("z")};
        struct wtl_pid pool = kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE));
        struct answer slow;
        struct answer stop;
        kit_script("a")->start_delay_ms = 1000;
        struct kit_settings settings = {0, "text of a"};
        kit_add(&slow, pool, &(struct wtl_child){.type = &kit_worker, .settings = &settings});
        (void)add_letter(pool, 'b', WTL_OK);
        cr_assert_not(slow.came);
        kit_ask(&stop, pool, WTL_CHILD_TERMINATE, NULL, kit_pid("a"));
        kit_settle();
        cr_assert(stop.came && slow.came);
        cr_assert_eq(stop.status, WTL_OK);
        cr_assert_eq(slow.status, WTL_SHUTDOWN);
        cr_assert_eq(running(pool), 1);
    }
}

Test(supervisor, S08_all_stop_at_once_under_one_timer)
{
    EACH_SEED
    {
        struct wtl_child spec[] = {CHILD("z", .shutdown_ms = 300)};
        struct wtl_pid pool = kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE));
        kit_script("a")->stop_delay_ms = 200;
        kit_script("b")->stop_delay_ms = 200;
        kit_script("c")->hang_stop = true;
        kit_script("d")->unlinks = true;
        kit_script("e")->start_delay_ms = 100000;
        for (int letter = 'a'; letter <= 'd'; letter++) {
            (void)add_letter(pool, (char)letter, WTL_OK);
        }
        struct answer starting;
        struct kit_settings settings = {4, "text of e"};
        kit_add(&starting, pool, &(struct wtl_child){.type = &kit_worker, .settings = &settings});
        kit_settle();
        kit_forget();
        kit_end(pool);
        kit_advance(200);
        cr_assert_eq(kit_script("a")->stops + kit_script("b")->stops, 2);
        cr_assert_not(kit_lives(kit_pid("a")) || kit_lives(kit_pid("b")));
        cr_assert(kit_lives(kit_pid("c")));
        kit_advance(100);
        cr_assert(kit.top_down);
        cr_assert_eq(starting.status, WTL_SHUTDOWN);
        cr_assert_eq(kit_reports("shutdown_error"), 1, "%s", kit.log);
    }
}

Test(supervisor, S08_a_second_terminate_waits_with_the_first)
{
    EACH_SEED
    {
        struct wtl_child spec[] = {CHILD("z")};
        struct wtl_pid pool = kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE));
        struct answer answers[2];
        kit_script("a")->stop_delay_ms = 100;
        struct wtl_pid a = add_letter(pool, 'a', WTL_OK);
        kit_ask(&answers[0], pool, WTL_CHILD_TERMINATE, NULL, a);
        kit_ask(&answers[1], pool, WTL_CHILD_TERMINATE, NULL, a);
        kit_settle();
        cr_assert_not(answers[0].came || answers[1].came);
        kit_advance(100);
        cr_assert_eq(answers[0].status, WTL_OK);
        cr_assert_eq(answers[1].status, WTL_OK);
    }
}

/* ---- many ---------------------------------------------------------------------------------- */

#define MANY  100000u
#define BATCH 2000u

static const struct wtl_actor idle_type = {.size = sizeof(struct wtl_actor), .name = "idle"};
static struct wtl_pid many_pool;
static uint32_t many_started;

static enum wtl_status on_added(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    (void)x;
    (void)self;
    (void)context;
    many_started += answer->status == WTL_OK;
    return WTL_OK;
}

static void add_batch(struct wtl_ctx *x, void *argument)
{
    struct wtl_call_options options = {.on_answer = on_added, .deadline_ms = WTL_CALL_FOREVER};
    (void)argument;
    for (unsigned i = 0; i < BATCH; i++) {
        (void)wtl_supervisor_add(x, many_pool, NULL, &options);
    }
}

Test(supervisor, S08_X105_a_hundred_thousand_children)
{
    kit_open(1);
    struct wtl_child spec[] = {{.type = &idle_type}};
    many_pool = kit_supervise(&TREE(spec, .strategy = WTL_SIMPLE_ONE_FOR_ONE));
    for (unsigned i = 0; i < MANY / BATCH; i++) {
        kit_run(add_batch, NULL);
        kit_settle();
    }
    cr_assert_eq(many_started, MANY);
    cr_assert_eq(running(many_pool), MANY);
#if !WTL_SANITIZED
    /* two link ends, the entry, and its place in the tables; the cell is not from the pool */
    uint64_t bytes = wtl__pool_stats().used_bytes - kit.bytes_before;
    cr_assert_leq(bytes / MANY, 64 + 64 + 128 + 32, "%lu bytes a child", bytes / MANY);
#endif
    uint64_t begin_ns = kit.step.now_ns;
    uint64_t steps = kit.step.steps;
    kit_end(many_pool);
    kit_settle();
    cr_assert(kit.top_down);
    cr_assert_eq(kit.step.now_ns, begin_ns, "nobody was waited for");
    cr_assert_leq(kit.step.steps - steps, 4 * MANY, "and the work is linear");
    kit_close();
}
