/*
 * newmodule_test.c - the actors of the module, from the file that a node loads.
 *
 * Each test runs with many seeds, which decide who runs when; a failure names the seed that repeats
 * it. See <wattle/test.h> and <wattle/test_stage.h> for all that a test can do.
 */
#include <wattle/test_stage.h>

static const struct wtl_actor *type(struct wtl_test *t, const char *name)
{
    wtl_test_load(t, MODULE);
    return wtl_test_actor(t, name);
}

static void sensor_measures(struct wtl_test *t)
{
    const struct wtl_actor *sensor = type(t, "newmodule.sensor");
    struct wtl_test_stage *stage = wtl_test_stage(
        t, sensor, .settings = wtl_test_settings(t, sensor, "period_ms=100ms", "celsius=5"));
    double celsius = 0;
    wtl_test_advance(t, 99);
    wtl_test_expect_no_emit(stage);
    wtl_test_advance(t, 101);
    wtl_test_expect_emitf(stage, "seq=%u", 1u);
    wtl_test_expect_emitf(stage, "seq=%u", 2u);
    wtl_test_expect_no_emit(stage);
    wtl_test_check(t,
                   wtl_getf(&wtl_test_emitted(stage, 0)->message, "celsius=%lf", &celsius) ==
                           WTL_OK &&
                       celsius > 4.8 && celsius < 5.2,
                   "about 5 degrees, not %f", celsius);
}

/* A flow that takes one reading and no more: the second one waits until there is room. */
static void sensor_is_held_back(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, type(t, "newmodule.sensor"), .room = 1);
    wtl_test_advance(t, 10000);
    wtl_test_expect_emitf(stage, "seq=%u", 1u);
    wtl_test_expect_no_emit(stage);
    wtl_test_room(stage, 1);
    wtl_test_expect_emitf(stage, "seq=%u", 2u);
    wtl_test_expect_no_emit(stage);
}

static void convert_adds_kelvin(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, type(t, "newmodule.convert"));
    uint64_t seq = wtl_test_feedf(stage, "seq=%u celsius=%lf", 7u, 21.5);
    wtl_test_expect_emitf(stage, "seq=%u celsius=%lf kelvin=%lf", 7u, 21.5, 294.65);
    wtl_test_expect_acked(stage, seq);
    seq = wtl_test_feedf(stage, "seq=%u celsius=%lf", 8u, 126.0);
    wtl_test_expect_dropped(stage, seq, "range");
    seq = wtl_test_feedf(stage, "seq=%u", 9u);
    wtl_test_expect_dropped(stage, seq, "celsius");
}

static void report_counts(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, type(t, "newmodule.report"));
    wtl_test_expect_acked(stage, wtl_test_feedf(stage, "seq=%u celsius=%lf", 1u, 21.5));
    wtl_test_expect_acked(stage, wtl_test_feedf(stage, "seq=%u celsius=%lf", 2u, 30.0));
    (void)wtl_test_call(t, wtl_test_stage_pid(stage), WTL_TAG("count"), NULL);
    wtl_test_expect_replyf(t, "count=%u warm=%u", 2u, 1u);
    wtl_test_check(t, wtl_test_logged(t, "reading 2: too warm") == 1, "it is logged once");
}

/* Another mapping of this very file takes the place of the one that runs; see "Another version,
 * while it runs" in docs/MODULES.md. With a second version of your own, name that file here. */
static void report_goes_over(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, type(t, "newmodule.report"));
    uint64_t seq = wtl_test_feedf(stage, "seq=%u celsius=%lf", 1u, 30.0);
    wtl_test_upgrade(t, "newmodule", MODULE);
    wtl_test_expect_acked(stage, seq);
    wtl_test_expect_acked(stage, wtl_test_feedf(stage, "seq=%u celsius=%lf", 2u, 21.5));
    (void)wtl_test_call(t, wtl_test_stage_pid(stage), WTL_TAG("count"), NULL);
    wtl_test_expect_replyf(t, "count=%u warm=%u", 2u, 1u);
}

/* What it had not finished when it crashed comes to it once more. */
static void convert_is_restarted(struct wtl_test *t)
{
    struct wtl_test_stage *stage = wtl_test_stage(t, type(t, "newmodule.convert"));
    struct wtl_pid pid = wtl_test_stage_pid(stage);
    wtl_test_hold(stage, true); /* those behind acknowledge nothing */
    uint64_t seq = wtl_test_feedf(stage, "seq=%u celsius=%lf", 1u, 0.0);
    wtl_test_expect_emitf(stage, "kelvin=%lf", 273.15);
    wtl_test_crash(t, pid);
    (void)wtl_test_expect_restart(t, pid);
    wtl_test_hold(stage, false);
    wtl_test_expect_emitf(stage, "kelvin=%lf", 273.15);
    wtl_test_expect_acked(stage, seq);
}

int main(void)
{
    wtl_test_run("sensor measures", sensor_measures, 20);
    wtl_test_run("sensor is held back", sensor_is_held_back, 20);
    wtl_test_run("convert adds kelvin", convert_adds_kelvin, 20);
    wtl_test_run("convert is restarted", convert_is_restarted, 20);
    wtl_test_run("report counts", report_counts, 20);
    wtl_test_run("report goes over", report_goes_over, 20);
    wtl_test_run_starved("sensor measures", sensor_measures, 3);
    wtl_test_run_starved("convert adds kelvin", convert_adds_kelvin, 3);
    wtl_test_run_starved("report counts", report_counts, 3);
    return 0;
}
