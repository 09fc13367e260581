/*
 * sys_far.c - questions about an actor whose functions run elsewhere, in a module's own process:
 * they are asked there, one after the other, and what comes back is the answer. See sys.h.
 *
 * Thread: the holder of the run token.
 */
#include "actor/sys_private.h"

#include "base/scan.h"

struct wtl__far *wtl__far_of(const struct wtl__cell *cell)
{
    struct wtl__envelope *tie = wtl__ties_find(&cell->ties, WTL__TIE_FAR, WTL_PID_NONE, 0);
    return tie != NULL ? WTL_CONTAINER(tie, struct wtl__far, tie) : NULL;
}

static struct wtl__envelope *copy_of(const struct wtl_msg *body)
{
    struct wtl_writer writer;
    (void)wtl__message_open(&writer, body->size);
    wtl_put_raw(&writer, body->bytes, body->size);
    return wtl__message_take(&writer, WTL__ANSWER);
}

void wtl__sys_answered(struct wtl__ctx *x, struct wtl__cell *cell,
                       const struct wtl__far_answer *answer)
{
    struct wtl__question *question = cell->sys->asked;
    bool of_state = question->verb == WTL_SYS_STATE || question->verb == WTL_SYS_REPLACE;
    bool ends = of_state && cell->state_now != WTL__CELL_LIVE; /* since it was asked */
    enum wtl_status status = ends ? WTL_CLOSED : answer->status;
    struct wtl__envelope *body = NULL;
    cell->sys->asked = question->next;
    if (cell->sys->asked != NULL) {
        cell->flags |= WTL__CELL_ASKED;
    }
    if (question->verb == WTL_SYS_STATISTICS && status == WTL_OK) {
        wtl__sys_statistics(x, cell, question, answer->away, answer->memory);
        return;
    }
    if (question->verb == WTL_SYS_STATE && status == WTL_OK) {
        status = wtl_scan(answer->body->bytes, answer->body->size, &WTL_SCAN_BODY);
        body = status == WTL_OK ? copy_of(answer->body) : NULL;
        status = status == WTL_OK && body == NULL ? WTL_NO_MEMORY : status;
    }
    wtl__question_answer(x, question, status, body);
}
