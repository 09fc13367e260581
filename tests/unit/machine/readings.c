/* readings.c - machine.readings: what it sees of a machine that the test has made up, and what it
 * does when the flow takes no more. */
#include "stage_kit.h"

static void machine_files(const char *load)
{
    stages_write("proc/loadavg", load);
    stages_write("proc/meminfo", "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable: 600 kB\n");
    stages_write("proc/stat", "cpu  100 20 300 4000 5 0 0 0 0 0\ncpu0 1 2 3\n");
    stages_write("sys/class/thermal/thermal_zone0/type", "x86_pkg-Temp\n");
    stages_write("sys/class/thermal/thermal_zone0/temp", "42500\n");
    stages_write("sys/class/hwmon/hwmon0/name", "nvme\n");
    stages_write("sys/class/hwmon/hwmon0/temp1_label", "Composite\n");
    stages_write("sys/class/hwmon/hwmon0/temp1_input", "-5000\n");
    stages_write("sys/class/hwmon/hwmon0/temp2_input", "31000\n");
}

#define READINGS 13u

static const struct emit *find(const struct stage *stage, const char *kind)
{
    for (uint32_t i = 0; i < stage->emits_count; i++) {
        if (strcmp(stage->emits[i].kind, kind) == 0) {
            return &stage->emits[i];
        }
    }
    cr_assert_fail("no %s", kind);
    return NULL;
}

Test(readings, M01_what_a_machine_has)
{
    struct stage stage = {.credit = EMITS_MAX};
    stages_open(1);
    machine_files("0.50 1.25 2.00 1/100 1234\n");
    STAGE(&stage, "readings", "root", stages.folder);
    stages_advance(199);
    cr_assert_eq(stage.emits_count, 0);
    stages_advance(1);
    cr_assert_eq(stage.emits_count, READINGS, "%u", stage.emits_count);
    cr_assert_eq(find(&stage, "load.1m")->value, 0.5);
    cr_assert_eq(find(&stage, "load.15m")->value, 2.0);
    cr_assert_eq(find(&stage, "memory.total")->value, 1024000);
    cr_assert_eq(find(&stage, "memory.available")->value, 614400);
    cr_assert_str_eq(find(&stage, "memory.available")->unit, "bytes");
    cr_assert_eq(find(&stage, "cpu.system")->value, 3.0);
    cr_assert_eq(find(&stage, "temp.x86_pkg_temp")->value, 42.5);
    cr_assert_str_eq(find(&stage, "temp.x86_pkg_temp")->unit, "celsius");
    cr_assert_eq(find(&stage, "temp.nvme_composite")->value, -5);
    cr_assert_eq(find(&stage, "temp.nvme_2")->value, 31);
    for (uint32_t i = 0; i < stage.emits_count; i++) {
        cr_assert_eq(stage.emits[i].seq, i + 1);
        cr_assert_eq(stage.emits[i].at_ms, stage.emits[0].at_ms);
        cr_assert_neq(stage.emits[i].host[0], '\0');
    }
    stages_advance(400);
    cr_assert_eq(stage.emits_count, 3 * READINGS);
    stages_close();
}

/* What was refused is emitted later, in order, once; and nothing new is read meanwhile. */
Test(readings, M02_a_flow_that_takes_no_more)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct stage stage = {.credit = 3};
        stages_open(seed);
        machine_files("1 1 1 1/1 1\n");
        STAGE(&stage, "readings", "root", stages.folder, "period_ms", "50ms");
        stages_advance(60);
        cr_assert_eq(stage.emits_count, 3);
        machine_files("7 7 7 1/1 1\n");
        stages_advance(1000);
        cr_assert_eq(stage.emits_count, 3);
        stage.credit = 4;
        stage_tell(&stage, "flow_ready");
        stages_settle();
        cr_assert_eq(stage.emits_count, 7);
        stage.credit = EMITS_MAX;
        stage_tell(&stage, "flow_demand");
        stages_settle();
        cr_assert_eq(stage.emits_count, READINGS);
        cr_assert_eq(find(&stage, "load.15m")->value, 1, "of the first look");
        stages_advance(50);
        cr_assert_eq(stage.emits_count, 2 * READINGS);
        for (uint32_t i = 0; i < stage.emits_count; i++) {
            cr_assert_eq(stage.emits[i].seq, i + 1);
        }
        cr_assert_eq(stage.emits[READINGS].value, 7);
        stages_close();
    }
}

Test(readings, M03_a_machine_without_files)
{
    struct stage stage = {.credit = EMITS_MAX};
    stages_open(1);
    STAGE(&stage, "readings", "root", stages.folder);
    stages_advance(2000);
    cr_assert_eq(stage.emits_count, 0);
    cr_assert(stage_lives(&stage));
    cr_assert_eq(stages_logged("nothing can be read"), 1, "once");
    stages_close();
}

Test(readings, M04_this_machine)
{
    struct stage stage = {.credit = EMITS_MAX};
    stages_open(1);
    STAGE(&stage, "readings", "period_ms", "1s");
    stages_advance(1000);
    cr_assert_geq(find(&stage, "load.1m")->value, 0);
    cr_assert_gt(find(&stage, "memory.total")->value, 1e6);
    stages_close();
}

Test(readings, M05_settings_that_cannot_be)
{
    struct stage stage = {.credit = 1};
    stages_open(1);
    STAGE(&stage, "readings", "period_ms", "0ms");
    cr_assert(!stage_lives(&stage));
    cr_assert_eq(stages_logged("expected period_ms of 1ms or more"), 1);
    stages_close();
}
