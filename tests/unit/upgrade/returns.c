/* returns.c - something goes wrong in one of them: all go on as they were, and nothing is lost. */
#include "line.h"

static struct line line;

static void open_three(const struct wtl_actor *type)
{
    line_init(&line, 3);
    for (uint32_t i = 0; i < 3; i++) {
        (void)line_clerk(&line, i, type);
    }
    for (uint32_t i = 0; i < 30; i++) {
        line_send(&line, i % LINE_SENDERS, i % 3);
    }
    kit_settle(&line.kit);
}

/* It fails with that, its text has those words, and then all goes on; with what made it fail
 * mended, it works. */
static void returns(const struct wtl_actor *from, const struct wtl_actor *to,
                    enum wtl_status status, const char *const *words)
{
    uint64_t memory = kit_cell(&line.kit, line.seen[1].pid)->memory_used;
    for (uint32_t i = 0; i < 30; i++) {
        line_send(&line, i % LINE_SENDERS, i % 3);
    }
    cr_assert_eq(line_upgrade(&line, from, to), status, "%s: %s", wtl_status_word(line.status),
                 line.text);
    for (; *words != NULL; words++) {
        cr_assert_not_null(strstr(line.text, *words), "no \"%s\" in \"%s\"", *words, line.text);
    }
    cr_assert_eq(line.actors, 0);
    for (uint32_t i = 0; i < 30; i++) {
        line_send(&line, i % LINE_SENDERS, i % 3);
    }
    kit_settle(&line.kit);
    for (uint32_t i = 0; i < 3; i++) {
        const struct wtl__cell *cell = kit_cell(&line.kit, line.seen[i].pid);
        cr_assert_eq(cell->type, from);
        cr_assert_eq(cell->flags & (WTL__CELL_UPGRADING | WTL__CELL_ERRAND), 0);
        cr_assert_eq(line.seen[i].version, 1);
        cr_assert_eq(line.seen[i].count, line_sent(&line, i));
        cr_assert_eq(line.seen[i].inits, 1);
        cr_assert_eq(line.seen[i].upgraded, 0, "a message of an upgrade that was not");
        cr_assert_eq(line.seen[i].ticks, 0);
    }
    cr_assert_eq(kit_cell(&line.kit, line.seen[1].pid)->memory_used, memory);
}
#define RETURNS(from, to, status, ...)                                                             \
    returns(from, to, status, (const char *const[]){__VA_ARGS__, NULL})

static void works_now(void)
{
    line.bad_clerk = 0;
    cr_assert_eq(line_upgrade(&line, &line_v1, &line_v2), WTL_OK, "%s", line.text);
    for (uint32_t i = 0; i < 30; i++) {
        line_send(&line, i % LINE_SENDERS, i % 3);
    }
    kit_settle(&line.kit);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(line.seen[i].version, 2);
        cr_assert_eq(line.seen[i].count, line_sent(&line, i));
        cr_assert_eq(line.seen[i].upgraded, 1);
    }
    line_deinit(&line);
}

Test(upgrade, X096_save_fails)
{
    open_three(&line_v1);
    line.bad_clerk = 1 + 1;
    line.save_returns = WTL_STORAGE;
    RETURNS(&line_v1, &line_v2, WTL_STORAGE, "actor clerk (", "save of 1.0.0", "storage_full");
    works_now();
}

Test(upgrade, X096_upgrade_fails)
{
    open_three(&line_v1);
    line.bad_clerk = 2 + 1;
    line.upgrade_returns = WTL_BAD_PAYLOAD;
    RETURNS(&line_v1, &line_v2, WTL_BAD_PAYLOAD, "upgrade of 2.0.0", "bad_payload");
    works_now();
}

/* WTL_LATER is no way to go on: what takes time is done afterwards. */
Test(upgrade, X096_upgrade_wants_time)
{
    open_three(&line_v1);
    line.bad_clerk = 0 + 1;
    line.upgrade_returns = WTL_LATER;
    RETURNS(&line_v1, &line_v2, WTL_LATER, "upgrade of 2.0.0", "later");
    works_now();
}

Test(upgrade, X096_save_is_too_large)
{
    open_three(&line_v1);
    line.bad_clerk = 1 + 1;
    line.saved_bytes = WTL_BODY_MAX;
    RETURNS(&line_v1, &line_v2, WTL_TOO_LARGE, "16 MiB");
    line.saved_bytes = 0;
    works_now();
}

/* What others would see is not for save and upgrade. */
Test(upgrade, X096_save_sends)
{
    open_three(&line_v1);
    line.bad_clerk = 1 + 1;
    line.save_tells = true;
    RETURNS(&line_v1, &line_v2, WTL_DENIED, "save of 1.0.0", "wtl_tell", "wtl_continue");
    works_now();
}

Test(upgrade, X096_upgrade_spawns)
{
    open_three(&line_v1);
    line.bad_clerk = 1 + 1;
    line.upgrade_spawns = true;
    uint32_t live = wtl__step_live(&line.kit.step);
    RETURNS(&line_v1, &line_v2, WTL_DENIED, "upgrade of 2.0.0", "wtl_spawn");
    cr_assert_eq(wtl__step_live(&line.kit.step), live);
    works_now();
}

Test(upgrade, X096_no_save)
{
    open_three(&line_v1_no_save);
    RETURNS(&line_v1_no_save, &line_v2, WTL_VERSION, ".save", ".upgrade");
    line_deinit(&line);
}

/* A call is under way that the new version has no function for, and its answer does not come. */
Test(upgrade, X096_a_call_that_nobody_answers)
{
    static struct kit_puppet mute;
    open_three(&line_v1);
    (void)kit_spawn(&line.kit, &mute, NULL);
    line_order(&line, 1, "call", mute.pid);
    kit_settle(&line.kit);
    RETURNS(&line_v1, &line_v2_no_answers, WTL_TIMEOUT, "on_answer", "2.0.0");
    line_order(&line, 1, "unlisted", mute.pid);
    kit_settle(&line.kit);
    RETURNS(&line_v1, &line_v2, WTL_TIMEOUT, "not among .answers of 1.0.0");
    kit_stop(&line.kit, &mute, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&line.kit);
    cr_assert_eq(line.seen[1].answers, 2);
    works_now();
}

/* An older minor version's description ends before save. */
Test(upgrade, X096_an_older_description)
{
    static struct wtl_actor old;
    old = line_v1;
    old.size = offsetof(struct wtl_actor, save);
    open_three(&old);
    RETURNS(&old, &line_v2, WTL_VERSION, ".save");
    line_deinit(&line);
}

/* A mandatory setting that the old version had not. */
Test(upgrade, X096_settings_that_are_missing)
{
    static const struct wtl_field fields[] = {
        {.name = "number", .type = WTL_FIELD_I64, .offset = 0}, {0}};
    static struct wtl_actor new;
    new = line_v2;
    new.fields = fields;
    open_three(&line_v1);
    RETURNS(&line_v1, &new, WTL_INVALID, "setting number", "default");
    works_now();
}

/* The state stays, but its settings would not be what it has looked at. */
Test(upgrade, X096_settings_differ_in_place)
{
    static struct wtl_actor new;
    new = line_v2_in_place;
    new.settings_size += 8;
    open_three(&line_v1);
    RETURNS(&line_v1, &new, WTL_VERSION, "state_vsn");
    works_now();
}
