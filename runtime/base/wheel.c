/*
 * wheel.c - the slots of the timer wheel.
 *
 * Invariants, true whenever no function runs:
 * 1. A timer in slot s of level n agrees with now_ms in all digits above n, and s is greater than
 *    now_ms's digit n. So a slot's time is always ahead, and lower levels come before higher ones.
 * 2. Bit s of occupied[n] is set if and only if that slot has a timer.
 * 3. While `moving` has a timer, now_ms is the first millisecond of the slot that it came from.
 */
#include "base/wheel.h"

#include "base/attr.h"

enum { SEARCHED_MAX = 16 }; /* timers of a slot that wtl__wheel_next_ms looks at */

static struct wtl__timer *timer_of(struct wtl__link *link)
{
    return WTL_LIST_ITEM(link, struct wtl__timer, link);
}

static uint32_t digit(uint64_t time_ms, uint32_t level)
{
    return (uint32_t)(time_ms >> (level * WTL__WHEEL_BITS)) & (WTL__WHEEL_SLOTS - 1);
}

void wtl__wheel_init(struct wtl__wheel *wheel, uint64_t now_ms)
{
    wheel->now_ms = now_ms;
    wtl__list_init(&wheel->due);
    wtl__list_init(&wheel->moving);
    for (uint32_t level = 0; level < WTL__WHEEL_LEVELS; level++) {
        wheel->occupied[level] = 0;
        for (uint32_t slot = 0; slot < WTL__WHEEL_SLOTS; slot++) {
            wtl__list_init(&wheel->slots[level][slot]);
        }
    }
}

/* Puts a timer that is in no list where invariant 1 wants it. */
static void place(struct wtl__wheel *wheel, struct wtl__timer *timer)
{
    if (timer->deadline_ms <= wheel->now_ms) {
        wtl__list_push_last(&wheel->due, &timer->link);
        return;
    }
    uint64_t differing = timer->deadline_ms ^ wheel->now_ms;
    uint32_t level = (63 - (uint32_t)__builtin_clzll(differing)) / WTL__WHEEL_BITS;
    uint32_t slot = digit(timer->deadline_ms, level);
    wtl__list_push_last(&wheel->slots[level][slot], &timer->link);
    wheel->occupied[level] |= UINT64_C(1) << slot;
}

void wtl__wheel_add(struct wtl__wheel *wheel, struct wtl__timer *timer, uint64_t deadline_ms)
{
    WTL_ASSERT(!wtl__timer_is_added(timer));
    timer->deadline_ms = deadline_ms;
    place(wheel, timer);
}

bool wtl__wheel_remove(struct wtl__wheel *wheel, struct wtl__timer *timer)
{
    if (!wtl__timer_is_added(timer)) {
        return false;
    }
    struct wtl__link *next = timer->link.next;
    bool was_alone = next == timer->link.prev;
    wtl__link_remove(&timer->link);
    /* The neighbour on both sides of the last timer is the head of its list. If that is one of our
     * slots, its place in the array says which. */
    uintptr_t offset = (uintptr_t)next - (uintptr_t)wheel->slots;
    if (was_alone && offset < sizeof wheel->slots) {
        uint32_t index = (uint32_t)(offset / sizeof wheel->slots[0][0]);
        wheel->occupied[index / WTL__WHEEL_SLOTS] &= ~(UINT64_C(1) << index % WTL__WHEEL_SLOTS);
    }
    return true;
}

/* The first occupied slot: its level, its index and its first millisecond. False: there is none. */
static bool first_slot(const struct wtl__wheel *wheel, uint32_t *level_out, uint32_t *slot_out,
                       uint64_t *start_ms_out)
{
    for (uint32_t level = 0; level < WTL__WHEEL_LEVELS; level++) {
        if (wheel->occupied[level] != 0) {
            uint32_t slot = (uint32_t)__builtin_ctzll(wheel->occupied[level]);
            uint32_t shift = level * WTL__WHEEL_BITS;
            uint64_t above = shift + WTL__WHEEL_BITS < 64
                                 ? wheel->now_ms >> (shift + WTL__WHEEL_BITS)
                                                        << (shift + WTL__WHEEL_BITS)
                                 : 0;
            *level_out = level;
            *slot_out = slot;
            *start_ms_out = above | (uint64_t)slot << shift;
            return true;
        }
    }
    return false;
}

/* Moves the time to the next slot that has timers, or to `now_ms` when that comes first; then
 * false. */
static bool advance(struct wtl__wheel *wheel, uint64_t now_ms)
{
    uint32_t level;
    uint32_t slot;
    uint64_t start_ms;
    if (wheel->now_ms >= now_ms) {
        return false;
    }
    if (!first_slot(wheel, &level, &slot, &start_ms) || start_ms > now_ms) {
        wheel->now_ms = now_ms;
        return false;
    }
    WTL_ASSERT(start_ms > wheel->now_ms);
    wheel->now_ms = start_ms;
    wheel->occupied[level] &= ~(UINT64_C(1) << slot);
    wtl__list_move_all(level == 0 ? &wheel->due : &wheel->moving, &wheel->slots[level][slot]);
    return true;
}

bool wtl__wheel_expire(struct wtl__wheel *wheel, uint64_t now_ms, uint32_t max,
                       struct wtl__list *fired_out)
{
    uint32_t steps = 0;
    WTL_ASSERT(max >= 1);
    do {
        struct wtl__link *link;
        while (steps < max && (link = wtl__list_take_first(&wheel->moving)) != NULL) {
            place(wheel, timer_of(link));
            steps++;
        }
        if (!wtl__list_is_empty(&wheel->moving)) {
            return true;
        }
        while (steps < max && (link = wtl__list_take_first(&wheel->due)) != NULL) {
            wtl__list_push_last(fired_out, link);
            steps++;
        }
        if (!wtl__list_is_empty(&wheel->due)) {
            return true;
        }
    } while (advance(wheel, now_ms));
    return false;
}

uint64_t wtl__wheel_next_ms(const struct wtl__wheel *wheel)
{
    uint32_t level;
    uint32_t slot;
    uint64_t start_ms;
    if (!wtl__list_is_empty(&wheel->due) || !wtl__list_is_empty(&wheel->moving)) {
        return 0;
    }
    if (!first_slot(wheel, &level, &slot, &start_ms)) {
        return WTL__WHEEL_NEVER;
    }
    if (level == 0) {
        return start_ms;
    }
    uint64_t first_ms = WTL__WHEEL_NEVER;
    uint32_t searched = 0;
    WTL_LIST_EACH (link, &wheel->slots[level][slot]) {
        if (++searched > SEARCHED_MAX) {
            return start_ms;
        }
        uint64_t deadline_ms = timer_of(link)->deadline_ms;
        first_ms = deadline_ms < first_ms ? deadline_ms : first_ms;
    }
    return first_ms;
}

bool wtl__wheel_is_empty(const struct wtl__wheel *wheel)
{
    uint64_t occupied = 0;
    for (uint32_t level = 0; level < WTL__WHEEL_LEVELS; level++) {
        occupied |= wheel->occupied[level];
    }
    return occupied == 0 && wtl__list_is_empty(&wheel->due) && wtl__list_is_empty(&wheel->moving);
}

void wtl__wheel_take_all(struct wtl__wheel *wheel, struct wtl__list *left_out)
{
    wtl__list_move_all(left_out, &wheel->due);
    wtl__list_move_all(left_out, &wheel->moving);
    for (uint32_t level = 0; level < WTL__WHEEL_LEVELS; level++) {
        wheel->occupied[level] = 0;
        for (uint32_t slot = 0; slot < WTL__WHEEL_SLOTS; slot++) {
            wtl__list_move_all(left_out, &wheel->slots[level][slot]);
        }
    }
}
