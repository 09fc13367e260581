/* readings.c - machine.readings: what it sees of a machine that the test has made up, and what it
 * does when the flow takes no more. */
#include <stdio.h>
#include <sys/stat.h>

#include "kit.h"

/* What it emits for one look at the machine below. */
#define READINGS 13u

/* ---- a machine ------------------------------------------------------------------------------- */

static void write_file(struct wtl_test *t, const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s", wtl_test_path(t, name));
    char *slash = path + strlen(wtl_test_path(t, "")) + 1;
    for (; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file, "%s", path);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void make_machine(struct wtl_test *t, const char *load)
{
    write_file(t, "proc/loadavg", load);
    write_file(t, "proc/meminfo",
               "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable: 600 kB\n");
    write_file(t, "proc/stat", "cpu  100 20 300 4000 5 0 0 0 0 0\ncpu0 1 2 3\n");
    write_file(t, "sys/class/thermal/thermal_zone0/type", "x86_pkg-Temp\n");
    write_file(t, "sys/class/thermal/thermal_zone0/temp", "42500\n");
    write_file(t, "sys/class/hwmon/hwmon0/name", "nvme\n");
    write_file(t, "sys/class/hwmon/hwmon0/temp1_label", "Composite\n");
    write_file(t, "sys/class/hwmon/hwmon0/temp1_input", "-5000\n");
    write_file(t, "sys/class/hwmon/hwmon0/temp2_input", "31000\n");
}

static struct wtl_test_stage *start(struct wtl_test *t, const char *period, uint32_t room)
{
    const struct wtl_actor *type = machine(t, "machine.readings");
    char root[256];
    (void)snprintf(root, sizeof root, "root=%s", wtl_test_path(t, ""));
    return wtl_test_stage(t, type, .settings = wtl_test_settings(t, type, root, period),
                          .room = room);
}

/* The first emit of that kind, from the n-th on, as its value and unit. */
static double value_of(struct wtl_test *t, struct wtl_test_stage *stage, uint32_t n,
                       const char *kind, const char *unit)
{
    for (; n < wtl_test_emits(stage); n++) {
        const struct wtl_test_emit *emit = wtl_test_emitted(stage, n);
        char came_kind[32];
        char came_unit[16];
        double value;
        if (wtl_getf(&emit->message, "kind=%31s value=%lf unit=%15s", came_kind, &value,
                     came_unit) == WTL_OK &&
            strcmp(came_kind, kind) == 0 && (unit == NULL || strcmp(came_unit, unit) == 0)) {
            return value;
        }
    }
    wtl_test_fail(t, "no %s in %s", kind, unit != NULL ? unit : "anything");
    return 0;
}

#define IS(kind, unit, expected)                                                                   \
    wtl_test_check(t, value_of(t, stage, 0, kind, unit) == (expected), "%s", kind)

/* ---- tests ----------------------------------------------------------------------------------- */

static void sees_the_machine(struct wtl_test *t)
{
    make_machine(t, "0.50 1.25 2.00 1/100 1234\n");
    struct wtl_test_stage *stage = start(t, "period_ms=200ms", 0);
    uintmax_t at_ms = 0;
    wtl_test_advance(t, 199);
    wtl_test_expect_no_emit(stage);
    wtl_test_advance(t, 1);
    wtl_test_check(t, wtl_test_emits(stage) == READINGS, "not %u", wtl_test_emits(stage));
    IS("load.1m", NULL, 0.5);
    IS("load.15m", NULL, 2.0);
    IS("memory.total", "bytes", 1024000);
    IS("memory.available", "bytes", 614400);
    IS("cpu.system", NULL, 3.0);
    IS("temp.x86_pkg_temp", "celsius", 42.5);
    IS("temp.nvme_composite", "celsius", -5);
    IS("temp.nvme_2", "celsius", 31);
    (void)!wtl_getf(&wtl_test_emitted(stage, 0)->message, "at_ms=%ju", &at_ms);
    for (unsigned i = 1; i <= READINGS; i++) {
        wtl_test_expect_emitf(stage, "seq=%u at_ms=%ju", i, at_ms);
    }
    wtl_test_advance(t, 400);
    wtl_test_check(t, wtl_test_emits(stage) == 3 * READINGS, "not %u", wtl_test_emits(stage));
}

Test(readings, M01_what_a_machine_has)
{
    passes(sees_the_machine, 5);
}

/* What was refused is emitted later, in order, once; and nothing new is read meanwhile. */
static void is_held_back(struct wtl_test *t)
{
    make_machine(t, "1 1 1 1/1 1\n");
    struct wtl_test_stage *stage = start(t, "period_ms=50ms", 3);
    wtl_test_advance(t, 60);
    wtl_test_check(t, wtl_test_emits(stage) == 3, "not %u", wtl_test_emits(stage));
    make_machine(t, "7 7 7 1/1 1\n");
    wtl_test_advance(t, 1000);
    wtl_test_check(t, wtl_test_emits(stage) == 3, "not %u", wtl_test_emits(stage));
    wtl_test_room(stage, 4);
    wtl_test_check(t, wtl_test_emits(stage) == 7, "not %u", wtl_test_emits(stage));
    wtl_test_room(stage, 1000);
    wtl_test_check(t, wtl_test_emits(stage) == READINGS, "not %u", wtl_test_emits(stage));
    IS("load.15m", NULL, 1); /* of the first look */
    wtl_test_advance(t, 50);
    wtl_test_check(t, value_of(t, stage, READINGS, "load.15m", NULL) == 7, "of the next");
    for (unsigned i = 1; i <= 2 * READINGS; i++) {
        wtl_test_expect_emitf(stage, "seq=%u", i);
    }
    wtl_test_expect_no_emit(stage);
}

Test(readings, M02_a_flow_that_takes_no_more)
{
    passes(is_held_back, 10);
}

static void sees_nothing(struct wtl_test *t)
{
    struct wtl_test_stage *stage = start(t, "period_ms=200ms", 0);
    wtl_test_advance(t, 2000);
    wtl_test_expect_no_emit(stage);
    wtl_test_check(t, wtl_test_lives(t, wtl_test_stage_pid(stage)), "it goes on");
    wtl_test_check(t, wtl_test_logged(t, "nothing can be read") == 1, "said once");
}

Test(readings, M03_a_machine_without_files)
{
    passes(sees_nothing, 5);
}

static void sees_this_machine(struct wtl_test *t)
{
    const struct wtl_actor *type = machine(t, "machine.readings");
    struct wtl_test_stage *stage =
        wtl_test_stage(t, type, .settings = wtl_test_settings(t, type, "period_ms=1s"));
    wtl_test_advance(t, 1000);
    wtl_test_check(t, value_of(t, stage, 0, "load.1m", NULL) >= 0, "a load");
    wtl_test_check(t, value_of(t, stage, 0, "memory.total", NULL) > 1e6, "memory");
}

Test(readings, M04_this_machine)
{
    passes(sees_this_machine, 1);
}

static void refuses_settings(struct wtl_test *t)
{
    struct wtl_test_stage *stage = start(t, "period_ms=0ms", 0);
    wtl_test_expect_end(t, wtl_test_stage_pid(stage), "error:config");
    wtl_test_check(t, wtl_test_logged(t, "expected period_ms of 1ms or more") == 1, "it says why");
}

Test(readings, M05_settings_that_cannot_be)
{
    passes(refuses_settings, 1);
}
