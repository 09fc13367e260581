/*
 * supervisor_window.c - how often is too often.
 *
 * OTP's rule (supervisor, add_restart), in milliseconds where OTP has seconds: a restart is allowed
 * when there were not more than `intensity`, itself included, in the period before it, its ends
 * included. The ring of times grows up to the intensity.
 *
 * Thread: the holder of the run token. Owns: the ring is memory of the supervisor's.
 */
#include "actor/supervisor_private.h"

#define CAPACITY_MIN 8u

static bool make_room(struct wtl_ctx *x, struct wtl__window *window, uint32_t intensity)
{
    if (window->count < window->capacity) {
        return true;
    }
    uint32_t capacity = window->capacity == 0 ? CAPACITY_MIN : window->capacity * 2;
    capacity = capacity > intensity ? intensity : capacity;
    uint64_t *at_ms = wtl_alloc(x, capacity * sizeof *at_ms);
    if (at_ms == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < window->count; i++) {
        at_ms[i] = window->at_ms[(window->first + i) % window->capacity];
    }
    wtl_free(x, window->at_ms);
    *window = (struct wtl__window){.at_ms = at_ms, .capacity = capacity, .count = window->count};
    return true;
}

bool wtl__window_allows(struct wtl_ctx *x, struct wtl__window *window, uint32_t intensity,
                        uint32_t period_ms, uint64_t now_ms)
{
    while (window->count > 0 && now_ms - window->at_ms[window->first] > period_ms) {
        window->first = (window->first + 1) % window->capacity;
        window->count--;
    }
    if (window->count >= intensity || !make_room(x, window, intensity)) {
        return false;
    }
    window->at_ms[(window->first + window->count) % window->capacity] = now_ms;
    window->count++;
    return true;
}
