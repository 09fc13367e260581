/* expect.c - what a test sends and expects: what passes, and what a failure says. */
#include "specimen.h"

static void hello(struct wtl_test *t, struct wtl_pid pid, const char *name)
{
    wtl_test_tellf(t, pid, "hello", "name=%s", name);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void greets(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    unsigned count = 0;
    hello(t, pid, "ada");
    hello(t, pid, "bob");
    wtl_test_expectf(t, "greeting", "text=%s count=%u", "hello, ada", 1u);
    wtl_test_check(t, wtl_getf(wtl_test_last(t), "count=%u", &count) == WTL_OK && count == 1,
                   "a count of 1, not %u", count);
    wtl_test_check(t, wtl_pid_equal(wtl_test_last(t)->from, pid), "from the greeter");
    wtl_test_expectf(t, "greeting", "count=%lf", 2.0); /* by value; other keys do not matter */
    wtl_test_expect_nothing(t);
    hello(t, pid, "eve");
    wtl_test_expect(t, "greeting");
    wtl_test_check(t, wtl_test_take(t, wtl_test_self(t)) == NULL, "nothing more");
}

Test(expect, K01_a_message_that_comes)
{
    passes(greets, 20);
}

static void another_value(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    hello(t, pid, "bob");
    hello(t, pid, "eve");
    wtl_test_expectf(t, "greeting", "text=%s count=%u", "hello, ada", 1u);
    wtl_test_expectf(t, "never", "looked=%d", 1); /* the first failure sticks */
}

Test(expect, K02_a_failure_says_what_was_expected_and_what_came)
{
    FAILS_WITH(another_value, "expect.c:",
               ("expected \"greeting\" {text=\"hello, ada\" count=1}\n"
                "    but came \"greeting\" {text=\"hello, bob\" count=1}\n"
                "    text: expected \"hello, ada\", came \"hello, bob\"\n"
                "    then came \"greeting\" {text=\"hello, eve\" count=2}"),
               "0 ms  told \"hello\" {name=\"bob\"} to ", "0 ms  started greeter <",
               "0 ms  came \"greeting\" {text=\"hello, bob\" count=1} from greeter <",
               "seed 1: WTL_TEST_SEED=1 runs it again");
    cr_assert_null(strstr(wtl_test_try(another_value, NULL), "never"));
}

static void nothing_comes(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    wtl_test_tellf(t, pid, "hello", "nam=%s", "ada");
    wtl_test_expect(t, "greeting");
}

static void nothing_comes_yet(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    wtl_test_tellf(t, pid, "later", "ms=%u", 1500u);
    wtl_test_expect(t, "later");
}

static void another_tag(struct wtl_test *t)
{
    hello(t, wtl_test_spawn(t, &greeter), "ada");
    wtl_test_expectf(t, "farewell", "text=%s", "x");
}

static void something_comes(struct wtl_test *t)
{
    hello(t, wtl_test_spawn(t, &greeter), "ada");
    wtl_test_expect_nothing(t);
}

Test(expect, K03_a_failure_says_why_nothing_came)
{
    FAILS_WITH(nothing_comes, "expected \"greeting\", and nothing came\n",
               "the log:", "a hello without a name");
    FAILS_WITH(nothing_comes_yet,
               "expected \"later\", and nothing came; the next timer is due in 1500 ms");
    FAILS_WITH(another_tag, "expected \"farewell\" {text=\"x\"}\n    but came \"greeting\" {");
    FAILS_WITH(something_comes, "expected no message\n    then came \"greeting\" {");
}

/* ---- bodies ---------------------------------------------------------------------------------- */

/* Sends a body to the test itself, and expects another. */
#define BODY(name, sent, expected)                                                                 \
    static void name(struct wtl_test *t)                                                           \
    {                                                                                              \
        wtl_test_tellf(t, wtl_test_self(t), "body", sent);                                         \
        wtl_test_expectf(t, "body", expected);                                                     \
    }
#define V ,
BODY(same_nested, "pos={x=%lf y=%d} tags=[%s %s] on=%d" V 1.5 V - 2 V "a" V "b" V 1,
     "tags=[%s %s] pos={y=%lf x=%lf} on=%u" V "a" V "b" V - 2.0 V 1.5 V 1u)
BODY(same_rounded, "v=%lf" V 0.1 + 0.2, "v=%lf" V 0.3)
BODY(same_maps_in_arrays, "l=[{a=%d b=%d} {a=%d b=%d}]" V 1 V 2 V 3 V 4,
     "l=[{b=%d} {b=%d}]" V 2 V 4)
BODY(no_key, "seq=%u" V 1u, "seq=%u celsius=%lf" V 1u V 21.5)
BODY(nested, "pos={x=%d y=%d}" V 1 V 2, "pos={x=%d y=%d}" V 1 V 3)
BODY(longer, "tags=[%s %s]" V "a" V "b", "tags=[%s]" V "a")
BODY(in_array, "tags=[%s %s]" V "a" V "b", "tags=[%s %s]" V "a" V "c")
BODY(other_type, "v=%s" V "1", "v=%d" V 1)
BODY(negative, "v=%d" V - 1, "v=%d" V 1)
BODY(large, "v=%ju" V UINTMAX_MAX, "v=%d" V - 1)

static void no_body(struct wtl_test *t)
{
    wtl_test_tell(t, wtl_test_self(t), WTL_TAG("body"), NULL);
    wtl_test_expectf(t, "body", "v=%d", 1);
}

Test(expect, K04_bodies_are_compared_by_value)
{
    passes(same_nested, 1);
    passes(same_rounded, 1);
    passes(same_maps_in_arrays, 1);
    FAILS_WITH(no_key, "celsius: expected 21.5, and there is no such key");
    FAILS_WITH(nested, "pos.y: expected 3, came 2");
    FAILS_WITH(longer, "tags: expected [\"a\"], came [\"a\" \"b\"]");
    FAILS_WITH(in_array, "tags[1]: expected \"c\", came \"b\"");
    FAILS_WITH(other_type, "v: expected 1, came \"1\"");
    FAILS_WITH(negative, "v: expected 1, came -1");
    FAILS_WITH(large, "v: expected -1, came 18446744073709551615");
    FAILS_WITH(no_body, "expected {v=1}, came nothing");
}

/* What is no msgpack, or deep, or long, can be shown all the same. */
static void raw_bodies(struct wtl_test *t)
{
    static const uint8_t broken[] = {0x82, 0xa1, 'k', 0xc1};
    struct wtl_writer body;
    (void)wtl_message_open(wtl_test_ctx(t), &body, 64);
    wtl_put_raw(&body, broken, sizeof broken);
    wtl_test_tell(t, wtl_test_self(t), WTL_TAG("broken"), &body);
    (void)wtl_message_open(wtl_test_ctx(t), &body, 64);
    for (unsigned i = 0; i < 40; i++) {
        wtl_put_array(&body, 1);
    }
    wtl_put_nil(&body);
    wtl_test_tell(t, wtl_test_self(t), WTL_TAG("deep"), &body);
    (void)wtl_message_open(wtl_test_ctx(t), &body, 64);
    wtl_put_array(&body, 5000);
    for (unsigned i = 0; i < 5000; i++) {
        wtl_put_str(&body, "\x01\"", 2);
    }
    wtl_test_tell(t, wtl_test_self(t), WTL_TAG("long"), &body);
    wtl_test_settle(t);
    wtl_test_expect(t, "x");
}

Test(expect, K05_bodies_that_are_none_are_shown_too)
{
    FAILS_WITH(raw_bodies, "\"broken\" (no msgpack)", "\"deep\" [[[[[[[[[[[[[[[[[...]]]]]",
               "\"long\" [\"\\x01\\x22\" \"");
}

/* ---- probes and calls ------------------------------------------------------------------------ */

static void answers(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &asker);
    struct wtl_pid oracle = wtl_test_probe(t, "oracle");
    wtl_test_tellf(t, pid, "ask", "q=%d", 7);
    wtl_test_probe_expectf(t, oracle, "question", "q=%d", 7);
    wtl_test_replyf(t, "a=%d", 42);
    wtl_test_expectf(t, "answer", "a=%d", 42);
    wtl_test_tellf(t, pid, "ask", "q=%d", 8);
    wtl_test_probe_expect(t, oracle, "question");
    wtl_test_reply(t, WTL_BUSY, NULL);
    wtl_test_expectf(t, "no answer", "why=%s", "busy");
    wtl_test_tellf(t, pid, "ask", "q=%d", 9);
    wtl_test_probe_expect(t, oracle, "question");
    wtl_test_advance(t, 999);
    wtl_test_expect_nothing(t);
    wtl_test_advance(t, 1);
    wtl_test_expectf(t, "no answer", "why=%s", "timeout");
}

Test(expect, K06_a_probe_answers_for_somebody_else)
{
    passes(answers, 10);
}

static void asks(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    unsigned count = 9;
    hello(t, pid, "ada");
    const struct wtl_answer *answer = wtl_test_callf(t, pid, "count", "n=%d", 0);
    wtl_test_check(t, answer->status == WTL_OK, "it answers");
    wtl_test_check(t, wtl_getf(&answer->message, "count=%u", &count) == WTL_OK && count == 1, "1");
    wtl_test_expect_replyf(t, "count=%u", 1u);
    (void)wtl_test_call(t, pid, WTL_TAG("unknown"), NULL);
    wtl_test_expect_status(t, WTL_TIMEOUT);
    wtl_test_check(t, wtl_test_now_ms(t) == 5000, "the deadline, not %ju",
                   (uintmax_t)wtl_test_now_ms(t));
    wtl_test_kill(t, pid);
    wtl_test_expect_end(t, pid, "killed");
    (void)wtl_test_call(t, pid, WTL_TAG("count"), NULL);
    wtl_test_expect_status(t, WTL_NO_PROCESS);
    wtl_test_expect(t, "greeting");
}

static void wrong_reply(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    (void)wtl_test_call(t, pid, WTL_TAG("count"), NULL);
    wtl_test_expect_replyf(t, "count=%u", 1u);
}

static void no_reply(struct wtl_test *t)
{
    struct wtl_pid pid = wtl_test_spawn(t, &greeter);
    (void)wtl_test_call(t, pid, WTL_TAG("fail"), NULL);
    wtl_test_expect_replyf(t, "count=%u", 1u);
}

Test(expect, K07_a_call_and_its_answer)
{
    passes(asks, 10);
    FAILS_WITH(wrong_reply,
               "expected the answer ok {count=1}\n    but came ok {count=0}\n"
               "    count: expected 1, came 0",
               "asked \"count\" of ", "answer  ok {count=0}");
    FAILS_WITH(no_reply, "but came closed (error:invalid)");
}

/* A test may do whatever an actor may. */
static void acts(struct wtl_test *t)
{
    struct wtl_ctx *x = wtl_test_ctx(t);
    struct wtl_pid pid = wtl_test_spawn(t, &greeter, .name = "g");
    wtl_link(x, pid);
    wtl_test_check(t, wtl_pid_equal(wtl_whereis_local(x, "g"), pid), "its name is known at once");
    wtl_test_check(t, wtl_tell_name(x, "g", WTL_TAG("fail"), NULL) == WTL_OK, "and it is told");
    wtl_test_expect_end(t, pid, "error:invalid");
    (void)wtl_after(x, 70, WTL_TAG("mine"), NULL);
    wtl_test_advance(t, 70);
    wtl_test_expect(t, "mine");
}

Test(expect, K08_a_test_is_an_actor)
{
    passes(acts, 10);
}
