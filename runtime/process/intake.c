/* intake.c - see intake.h. */
#include "process/intake.h"

#include <stdlib.h>

bool wtl__intake_init(struct wtl__intake *intake)
{
    *intake =
        (struct wtl__intake){.bytes = malloc(WTL__INTAKE_BYTES), .capacity = WTL__INTAKE_BYTES};
    return intake->bytes != NULL;
}

void wtl__intake_deinit(struct wtl__intake *intake)
{
    free(intake->bytes);
    *intake = (struct wtl__intake){0};
}

/* The size of the frame at the begin of the bytes; 0 while its head is not there. False: it is
 * none. */
static bool frame_size(const uint8_t *bytes, size_t size, struct wtl__pipe_head *head_out,
                       size_t *size_out)
{
    *size_out = 0;
    if (size < sizeof *head_out) {
        return true;
    }
    memcpy(head_out, bytes, sizeof *head_out);
    *size_out = wtl__pipe_size(head_out, WTL__PIPE_FROM_CHILD);
    return *size_out != 0;
}

/* Gives the buffer the size that the frame that is coming needs. */
static bool resize(struct wtl__intake *intake, size_t need)
{
    size_t capacity = need > WTL__INTAKE_BYTES ? need : WTL__INTAKE_BYTES;
    if (capacity == intake->capacity) {
        return true;
    }
    uint8_t *bytes = realloc(intake->bytes, capacity);
    if (bytes == NULL) {
        return false;
    }
    intake->bytes = bytes;
    intake->capacity = capacity;
    return true;
}

uint8_t *wtl__intake_room(struct wtl__intake *intake, size_t *size_out)
{
    struct wtl__pipe_head head;
    size_t need = 0;
    /* took has found the head to be good, or not there yet */
    (void)frame_size(intake->bytes, intake->used, &head, &need);
    if (!resize(intake, need)) {
        return NULL;
    }
    *size_out = intake->capacity - intake->used;
    return intake->bytes + intake->used;
}

bool wtl__intake_took(struct wtl__intake *intake, size_t size, wtl__intake_fn take, void *context)
{
    size_t at = 0;    /* of the next frame */
    size_t begin = 0; /* of the first one that was not handed on */
    uint64_t local = 0;
    intake->used += size;
    for (;;) {
        struct wtl__pipe_head head;
        size_t whole = 0;
        if (!frame_size(intake->bytes + at, intake->used - at, &head, &whole)) {
            return false;
        }
        bool is_there = whole != 0 && whole <= intake->used - at;
        bool is_alone = !is_there || head.kind < WTL__PIPE_FIRST_OF_ACTOR || head.local != local;
        if (is_alone && at > begin && !take(context, local, intake->bytes + begin, at - begin)) {
            return false;
        }
        if (is_alone) {
            begin = at;
        }
        if (!is_there) {
            break;
        }
        at += whole;
        local = head.kind < WTL__PIPE_FIRST_OF_ACTOR ? 0 : head.local;
        if (local == 0 && !take(context, 0, intake->bytes + begin, at - begin)) {
            return false;
        }
        begin = local == 0 ? at : begin;
    }
    memmove(intake->bytes, intake->bytes + at, intake->used - at);
    intake->used -= at;
    return true;
}
