/* clean.c - machine.clean: what it drops and why, and what it adds. */
#include <math.h>
#include <stdio.h>

#include "kit.h"

static struct wtl_test_stage *start(struct wtl_test *t)
{
    return wtl_test_stage(t, machine(t, "machine.clean"));
}

static uint64_t feed(struct wtl_test_stage *clean, const char *host, const char *kind, double value,
                     uintmax_t at_ms)
{
    return wtl_test_feedf(clean, "seq=%u at_ms=%ju host=%s kind=%s value=%lf unit=%s", 1u, at_ms,
                          host, kind, value, "u");
}

/* Feeds it, and expects that change. */
static void changes(struct wtl_test_stage *clean, const char *host, const char *kind, double value,
                    uintmax_t at_ms, double delta)
{
    uint64_t seq = feed(clean, host, kind, value, at_ms);
    wtl_test_expect_emitf(clean, "at_ms=%ju host=%s kind=%s value=%lf unit=%s delta=%lf", at_ms,
                          host, kind, value, "u", delta);
    wtl_test_expect_acked(clean, seq);
}

static void adds_the_change(struct wtl_test *t)
{
    struct wtl_test_stage *clean = start(t);
    changes(clean, "here", "load.1m", 1.5, 1000, 0);
    changes(clean, "here", "load.1m", 2.0, 1200, 0.5);
    changes(clean, "here", "load.5m", 9, 1200, 0);  /* another kind */
    changes(clean, "there", "load.1m", 7, 1300, 0); /* another host */
    changes(clean, "here", "load.1m", 1.0, 1400, -1);
    wtl_test_expect_no_emit(clean);
}

Test(clean, M10_the_change_of_a_value)
{
    passes(adds_the_change, 5);
}

static void sees_it_again(struct wtl_test *t)
{
    struct wtl_test_stage *clean = start(t);
    changes(clean, "here", "load.1m", 1, 1000, 0);
    changes(clean, "here", "load.1m", 3, 1200, 2);
    changes(clean, "here", "load.1m", 3, 1200, 2); /* as it had it */
    changes(clean, "here", "load.1m", 1, 1000, 0); /* the clock has gone back */
    changes(clean, "here", "load.1m", 4, 1100, 3);
    wtl_test_feed_again(clean, 5);
    wtl_test_expect_emitf(clean, "value=%lf delta=%lf", 4.0, 3.0);
    wtl_test_check(t, wtl_test_emitted(clean, 5)->redelivered, "it is marked");
}

Test(clean, M11_a_message_that_comes_again)
{
    passes(sees_it_again, 5);
}

static void drops(struct wtl_test *t)
{
    static const struct {
        const char *kind;
        double value;
        const char *why;
    } impossible[] = {
        {"load.1m", NAN, "not finite"},        {"load.1m", INFINITY, "not finite"},
        {"temp.cpu", -INFINITY, "not finite"}, {"load.1m", -0.1, "range"},
        {"temp.cpu", -273.2, "range"},         {"temp.cpu", 1000.1, "range"},
        {"memory.total", -1, "range"},         {"", 1, "empty"},
    };
    struct wtl_test_stage *clean = start(t);
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
        uint64_t seq = feed(clean, "here", impossible[i].kind, impossible[i].value, 1000);
        wtl_test_expect_dropped(clean, seq, impossible[i].why);
    }
    changes(clean, "here", "temp.cpu", -273.15, 1000, 0);
    changes(clean, "here", "temp.cpu", 1000, 1001, 1273.15);
    changes(clean, "here", "of.a.newer.version", -5, 1002, 0);
}

Test(clean, M12_values_that_cannot_be)
{
    passes(drops, 5);
}

static void refuses_bodies(struct wtl_test *t)
{
    struct wtl_test_stage *clean = start(t);
    uint64_t text = wtl_test_feedf(clean, "seq=%u at_ms=%u host=%s kind=%s value=%s unit=%s", 1u,
                                   1u, "h", "k", "high", "u");
    wtl_test_expect_dropped(clean, text, "value");
    wtl_test_expect_dropped(clean, wtl_test_feedf(clean, "seq=%u", 1u), "at_ms");
    wtl_test_expect_dropped(clean, wtl_test_feed(clean, WTL_TAG("data"), NULL), "");
    wtl_test_expect_no_emit(clean);
}

Test(clean, M13_bodies_that_are_no_reading)
{
    passes(refuses_bodies, 5);
}

/* Hosts beyond the bound are served: the ones that were not seen for longest are forgotten. */
static void forgets_hosts(struct wtl_test *t)
{
    struct wtl_test_stage *clean = start(t);
    char host[32];
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(host, sizeof host, "host-%u", i);
        changes(clean, host, "load.1m", i, 1000 + i, 0);
    }
    changes(clean, "host-299", "load.1m", 300, 2000, 1); /* still known */
    changes(clean, "host-0", "load.1m", 5, 2000, 0);     /* forgotten */
}

Test(clean, M14_more_hosts_than_it_knows)
{
    passes(forgets_hosts, 2);
}
