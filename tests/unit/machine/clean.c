/* clean.c - machine.clean: what it drops and why, and what it adds. */
#include <math.h>
#include <stdio.h>

#include "stage_kit.h"

static struct stage stage;
static uint64_t seq;

static void send_from(const char *host, const char *kind, double value, uint64_t at_ms)
{
    uint8_t bytes[256];
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    seq++;
    wtl_putf(&writer, "seq=%ju at_ms=%ju host=%s kind=%s value=%lf unit=%s", seq, at_ms, host, kind,
             value, "u");
    stage_send(&stage, seq, false, bytes, wtl_written(&writer));
    stages_settle();
}

static void send(const char *kind, double value, uint64_t at_ms)
{
    send_from("here", kind, value, at_ms);
}

static void open_stage(void)
{
    stages_open(1);
    stage = (struct stage){.credit = EMITS_MAX};
    STAGE(&stage, "clean", NULL);
}

TestSuite(clean, .init = open_stage, .fini = stages_close);

#define LAST (&stage.emits[stage.emits_count - 1])

Test(clean, M10_the_change_of_a_value)
{
    send("load.1m", 1.5, 1000);
    cr_assert_eq(LAST->delta, 0);
    send("load.1m", 2.0, 1200);
    cr_assert_eq(LAST->delta, 0.5);
    send("load.5m", 9, 1200);
    cr_assert_eq(LAST->delta, 0, "another kind");
    send_from("there", "load.1m", 7, 1300);
    cr_assert_eq(LAST->delta, 0, "another host");
    send("load.1m", 1.0, 1400);
    cr_assert_eq(LAST->delta, -1.0);
    cr_assert_eq(LAST->value, 1.0);
    cr_assert_eq(LAST->at_ms, 1400);
    cr_assert_str_eq(LAST->host, "here");
    cr_assert_str_eq(LAST->unit, "u");
    cr_assert_eq(stage.drops_count, 0);
}

Test(clean, M11_a_message_that_comes_again)
{
    send("load.1m", 1, 1000);
    send("load.1m", 3, 1200);
    send("load.1m", 3, 1200);
    cr_assert_eq(LAST->delta, 2, "the delta that it had");
    send("load.1m", 1, 1000);
    cr_assert_eq(LAST->delta, 0, "the clock has gone back");
    send("load.1m", 4, 1100);
    cr_assert_eq(LAST->delta, 3);
}

static void dropped(const char *kind, double value, const char *why)
{
    uint32_t before = stage.drops_count;
    uint32_t emitted = stage.emits_count;
    send(kind, value, 1000);
    cr_assert_eq(stage.drops_count, before + 1, "%s %f was taken", kind, value);
    cr_assert_eq(stage.emits_count, emitted);
    cr_assert_not_null(strstr(stage.drop, why), "%s", stage.drop);
}

Test(clean, M12_values_that_cannot_be)
{
    dropped("load.1m", NAN, "not finite");
    dropped("load.1m", INFINITY, "not finite");
    dropped("temp.cpu", -INFINITY, "not finite");
    dropped("load.1m", -0.1, "range");
    dropped("temp.cpu", -273.2, "range");
    dropped("temp.cpu", 1000.1, "range");
    dropped("memory.total", -1, "range");
    dropped("", 1, "empty");
    send("temp.cpu", -273.15, 1000);
    send("temp.cpu", 1000, 1001);
    send("of.a.newer.version", -5, 1002);
    cr_assert_eq(stage.emits_count, 3);
}

Test(clean, M13_bodies_that_are_no_reading)
{
    uint8_t bytes[256];
    struct wtl_writer writer = wtl_writer_over(bytes, sizeof bytes);
    wtl_putf(&writer, "seq=%u at_ms=%u host=%s kind=%s value=%s unit=%s", 1u, 1u, "h", "k", "high",
             "u");
    stage_send(&stage, 1, false, bytes, wtl_written(&writer));
    stages_settle();
    cr_assert_eq(stage.drops_count, 1);
    cr_assert_not_null(strstr(stage.drop, "value"), "%s", stage.drop);
    writer = wtl_writer_over(bytes, sizeof bytes);
    wtl_putf(&writer, "seq=%u", 1u);
    stage_send(&stage, 2, false, bytes, wtl_written(&writer));
    stage_send(&stage, 3, false, NULL, 0);
    stages_settle();
    cr_assert_eq(stage.drops_count, 3);
    cr_assert_eq(stage.emits_count, 0);
    cr_assert(stage_lives(&stage));
}

/* Hosts beyond the bound are served: the ones that were not seen for longest are forgotten. */
Test(clean, M14_more_hosts_than_it_knows)
{
    char host[32];
    for (uint64_t i = 0; i < 300; i++) {
        (void)snprintf(host, sizeof host, "host-%ju", i);
        send_from(host, "load.1m", (double)i, 1000 + i);
    }
    cr_assert_eq(stage.emits_count, 300);
    send_from("host-299", "load.1m", 300, 2000);
    cr_assert_eq(LAST->delta, 1, "still known");
    send_from("host-0", "load.1m", 5, 2000);
    cr_assert_eq(LAST->delta, 0, "forgotten");
}
