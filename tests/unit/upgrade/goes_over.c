/* goes_over.c - all goes well: the state goes along, mail keeps its order, and there is a way back.
 */
#include "line.h"

static struct line line;

static void send_all(uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds * LINE_SENDERS * 3; i++) {
        line_send(&line, i % LINE_SENDERS, i % 3);
    }
}

static void check_all(uint32_t version)
{
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(line.seen[i].count, line_sent(&line, i));
        cr_assert_eq(line.seen[i].version, version);
        cr_assert_eq(line.seen[i].inits, 1);
        cr_assert_eq(line.seen[i].stops, 0);
        cr_assert_eq(kit_cell(&line.kit, line.seen[i].pid)->flags &
                         (WTL__CELL_UPGRADING | WTL__CELL_ERRAND),
                     0);
    }
}

Test(upgrade, L19_state_goes_over_and_back)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        line_init(&line, seed);
        for (uint32_t i = 0; i < 3; i++) {
            (void)line_clerk(&line, i, &line_v1);
        }
        kit_settle(&line.kit);
        send_all(5);
        cr_assert_eq(line_upgrade(&line, &line_v1, &line_v2), WTL_OK, "%s", line.text);
        cr_assert_eq(line.actors, 3);
        cr_assert_eq(line.saves, 3);
        send_all(5);
        kit_settle(&line.kit);
        check_all(2);
        cr_assert_eq(line.seen[0].upgraded, 1);
        send_all(5);
        cr_assert_eq(line_upgrade(&line, &line_v2, &line_v1), WTL_OK, "%s", line.text);
        send_all(1);
        kit_settle(&line.kit);
        check_all(1);
        cr_assert_eq(line.seen[0].upgraded, 2);
        line_deinit(&line);
    }
}

/* What was sent while it is under way waits, and comes in order. */
Test(upgrade, X096_mail_in_flight)
{
    for (uint64_t seed = 1; seed <= 100; seed++) {
        line_init(&line, seed);
        for (uint32_t i = 0; i < 3; i++) {
            (void)line_clerk(&line, i, &line_v1);
        }
        for (uint32_t turn = 0; turn < 4; turn++) {
            bool forth = turn % 2 == 0;
            send_all(2);
            line_begin(&line, forth ? &line_v1 : &line_v2, forth ? &line_v2 : &line_v1);
            for (uint32_t i = 0; i < 200; i++) {
                line_send(&line, i % LINE_SENDERS, i % 3);
                (void)wtl__step_one(&line.kit.step);
            }
            kit_settle(&line.kit);
            cr_assert_eq(line.done, turn + 1);
            cr_assert_eq(line.status, WTL_OK, "%s", line.text);
        }
        send_all(1);
        kit_settle(&line.kit);
        check_all(1);
        line_deinit(&line);
    }
}

/* With the same state_vsn nothing is saved: the state stays where it is. */
Test(upgrade, L19_the_same_state_stays_in_place)
{
    line_init(&line, 1);
    for (uint32_t i = 0; i < 3; i++) {
        (void)line_clerk(&line, i, &line_v1);
    }
    send_all(5);
    kit_settle(&line.kit);
    const void *state = kit_cell(&line.kit, line.seen[0].pid)->state;
    line_order(&line, 0, "keep", WTL_PID_NONE);
    send_all(1);
    cr_assert_eq(line_upgrade(&line, &line_v1, &line_v2_in_place), WTL_OK, "%s", line.text);
    send_all(2);
    kit_settle(&line.kit);
    check_all(2);
    cr_assert_eq(line.saves, 0);
    cr_assert_eq(kit_cell(&line.kit, line.seen[0].pid)->state, state);
    line_deinit(&line);
}

/* Nobody of the line lives: what is started from then on is the new version. */
Test(upgrade, L19_nobody_lives)
{
    line_init(&line, 1);
    cr_assert_eq(line_upgrade(&line, &line_v1, &line_v2), WTL_OK);
    cr_assert_eq(line.actors, 0);
    for (uint32_t i = 0; i < 3; i++) {
        (void)line_clerk(&line, i, &line_v1); /* whoever has the old one's address */
    }
    send_all(1);
    kit_settle(&line.kit);
    check_all(2);
    line_deinit(&line);
}

Test(upgrade, L19_one_upgrade_at_a_time)
{
    static struct kit_puppet mute;
    line_init(&line, 1);
    (void)kit_spawn(&line.kit, &mute, NULL);
    (void)line_clerk(&line, 0, &line_v1);
    line_order(&line, 0, "unlisted", mute.pid);
    kit_settle(&line.kit);
    line_begin(&line, &line_v1, &line_v2);
    kit_settle(&line.kit);
    cr_assert_eq(line.done, 0, "it waits for the call");
    line_begin(&line, &line_v1, &line_v2);
    kit_settle(&line.kit);
    cr_assert_eq(line.done, 1);
    cr_assert_eq(line.status, WTL_BUSY);
    kit_stop(&line.kit, &mute, WTL_REASON(WTL_EXIT_NORMAL, "normal")); /* it will not answer */
    kit_advance(&line.kit, 100);
    cr_assert_eq(line.done, 2);
    cr_assert_eq(line.status, WTL_OK, "%s", line.text);
    cr_assert_eq(line.seen[0].answers, 1);
    line_deinit(&line);
}
