/*
 * example.c - the examples of <wattle/test.h> and <wattle/test_stage.h>, and the actors that they
 * test: a program of tests as anybody could have it, without a framework.
 */
#include <stdio.h>

#include <wattle/test_stage.h>

/* ---- what is tested -------------------------------------------------------------------------- */

static enum wtl_status greeter_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    unsigned *count = self;
    char name[33];
    char text[64];
    if (wtl_is(message, "hello") && wtl_getf(message, "name=%32s", name) == WTL_OK) {
        (void)snprintf(text, sizeof text, "hello, %s", name);
        wtl_tellf(x, message->from, "greeting", "text=%s count=%u", text, ++*count);
    }
    return WTL_OK;
}

static WTL_ACTOR(greeter_actor, unsigned, .handle = greeter_handle);

static enum wtl_status kelvin_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    double celsius;
    (void)self;
    if (wtl_getf(m, "celsius=%lf", &celsius) != WTL_OK) {
        wtl_drop(x, "no celsius");
        return WTL_OK;
    }
    return wtl_emitf(x, "kelvin=%lf", celsius + 273.15);
}

static WTL_ACTOR(kelvin_actor, char, .kind = WTL_PROCESSOR, .handle = kelvin_handle);

/* ---- the tests ------------------------------------------------------------------------------- */

static void greets(struct wtl_test *t)
{
    struct wtl_pid greeter = wtl_test_spawn(t, &greeter_actor);
    wtl_test_tellf(t, greeter, "hello", "name=%s", "ada");
    wtl_test_expectf(t, "greeting", "text=%s count=%u", "hello, ada", 1u);
    wtl_test_crash(t, greeter);
    wtl_test_expect_end(t, greeter, "error:crash");
}

static void converts(struct wtl_test *t)
{
    struct wtl_test_stage *kelvin = wtl_test_stage(t, &kelvin_actor);
    uint64_t seq = wtl_test_feedf(kelvin, "celsius=%lf", 21.5);
    wtl_test_expect_emitf(kelvin, "kelvin=%lf", 294.65);
    wtl_test_expect_acked(kelvin, seq);
    seq = wtl_test_feedf(kelvin, "fahrenheit=%lf", 70.0);
    wtl_test_expect_dropped(kelvin, seq, "no celsius");
}

int main(void)
{
    wtl_test_run("greets", greets, 20);
    wtl_test_run("converts", converts, 20);
    wtl_test_run_starved("greets", greets, 3);
    wtl_test_run_starved("converts", converts, 3);
    return 0;
}
