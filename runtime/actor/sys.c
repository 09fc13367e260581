/* sys.c - see <wattle/sys.h>; the trace is in trace.c. */
#include "actor/ask.h"
#include "actor/sys_private.h"

#include "base/pool.h"
#include "base/scan.h"

_Static_assert(offsetof(struct wtl__question, control.signal) == 0, "its block is an envelope's");

void wtl__question_answer(struct wtl__ctx *x, struct wtl__question *question,
                          enum wtl_status status, struct wtl__envelope *body)
{
    struct wtl_pid asker = question->asker;
    uint64_t request = question->request;
    if (question->argument != NULL) {
        wtl__envelope_free(question->argument);
    }
    if (body == NULL) { /* the question goes back itself: that needs no memory */
        body = &question->control.signal;
    } else {
        wtl__pool_give(question);
    }
    wtl__answer(x->runtime, x, asker, request, status, WTL_PID_NONE, body);
}

struct wtl__sys *wtl__sys_of(struct wtl__cell *cell)
{
    if (cell->sys == NULL) {
        cell->sys = wtl__pool_take(sizeof *cell->sys);
        if (cell->sys != NULL) {
            *cell->sys = (struct wtl__sys){.asked = NULL};
        }
    }
    return cell->sys;
}

/* ---- what acts at once ----------------------------------------------------------------------- */

static void put_statistics(struct wtl_writer *body, struct wtl__ctx *x, struct wtl__cell *cell,
                           uint32_t away, uint64_t memory)
{
    struct wtl__sys *sys = cell->sys;
    uint64_t now_ns = x->runtime->host->now_ns(x->runtime);
    uint64_t handled = cell->handled_total + cell->handled - away;
    memory += cell->memory_used + cell->type->state_size + cell->type->settings_size + sizeof *cell;
    wtl_put_map(body, 7);
    WTL_PUT_KEY(body, "handled");
    wtl_put_u64(body, handled);
    WTL_PUT_KEY(body, "sent");
    wtl_put_u64(body, sys->sent);
    WTL_PUT_KEY(body, "waiting");
    wtl_put_u64(body, wtl__inbox_count(&cell->inbox) - cell->handled + away);
    WTL_PUT_KEY(body, "memory_bytes");
    wtl_put_u64(body, memory);
    WTL_PUT_KEY(body, "since_ms");
    wtl_put_u64(body, sys->asked_ns != 0 ? (now_ns - sys->asked_ns) / 1000000 : 0);
    WTL_PUT_KEY(body, "handled_since");
    wtl_put_u64(body, handled - sys->handled_then);
    WTL_PUT_KEY(body, "sent_since");
    wtl_put_u64(body, sys->sent - sys->sent_then);
    sys->asked_ns = now_ns;
    sys->handled_then = handled;
    sys->sent_then = sys->sent;
}

void wtl__sys_sent(struct wtl__cell *cell, uint32_t count)
{
    if ((cell->flags & WTL__CELL_COUNTS) != 0) {
        cell->sys->sent += count;
    }
}

void wtl__sys_statistics(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__question *question,
                         uint32_t away, uint64_t memory)
{
    struct wtl_writer body;
    if (wtl__sys_of(cell) == NULL) {
        wtl__question_answer(x, question, WTL_NO_MEMORY, NULL);
        return;
    }
    cell->flags |= WTL__CELL_COUNTS;
    (void)wtl__message_open(&body, 160);
    put_statistics(&body, x, cell, away, memory);
    struct wtl__envelope *taken = wtl__message_take(&body, WTL__ANSWER);
    wtl__question_answer(x, question, taken != NULL ? WTL_OK : WTL_NO_MEMORY, taken);
}

/* Its own functions run when what has come with this is sorted in, see wtl__sys_serve; and
 * somewhere else nothing is asked before that either. */
static void wait_for_turn(struct wtl__ctx *x, struct wtl__cell *cell,
                          struct wtl__question *question)
{
    struct wtl__sys *sys = wtl__sys_of(cell);
    if (sys == NULL) {
        wtl__question_answer(x, question, WTL_NO_MEMORY, NULL);
        return;
    }
    struct wtl__question **last = &sys->asked;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = question;
    cell->flags |= WTL__CELL_ASKED;
}

/* It is, as far as that is done here: functions that run elsewhere are told, too. */
static void done(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__question *question,
                 enum wtl_status status)
{
    if (status == WTL_OK && wtl__far_of(cell) != NULL) {
        wait_for_turn(x, cell, question);
    } else {
        wtl__question_answer(x, question, status, NULL);
    }
}

/* Runs on the actor as a signal; without a cell when it has ended. */
static void run_question(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__question *question = WTL_CONTAINER(control, struct wtl__question, control);
    if (cell == NULL) {
        wtl__question_answer(x, question, WTL_NO_PROCESS, NULL);
        return;
    }
    switch (question->verb) {
    case WTL_SYS_SUSPEND:
        if (cell->state_now == WTL__CELL_STOPPING) { /* it could not come to its end */
            wtl__question_answer(x, question, WTL_CLOSED, NULL);
            return;
        }
        cell->flags |= WTL__CELL_SUSPENDED;
        done(x, cell, question, WTL_OK);
        return;
    case WTL_SYS_RESUME:
        cell->flags &= ~WTL__CELL_SUSPENDED;
        done(x, cell, question, WTL_OK);
        return;
    case WTL_SYS_STATISTICS:
        if (wtl__far_of(cell) != NULL) {
            wait_for_turn(x, cell, question);
        } else {
            wtl__sys_statistics(x, cell, question, 0, 0);
        }
        return;
    case WTL_SYS_TRACE: {
        struct wtl_reader reader = wtl_read(&question->argument->msg);
        done(x, cell, question, wtl__trace_set(x, cell, question->asker, wtl_get_u64(&reader)));
        return;
    }
    case WTL_SYS_STATE:
    case WTL_SYS_REPLACE:
        wait_for_turn(x, cell, question);
        return;
    }
    wtl__question_answer(x, question, WTL_UNSUPPORTED, NULL);
}

/* ---- in the actor's own functions ------------------------------------------------------------ */

static void serve_state(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__question *question)
{
    struct wtl_writer body;
    if (!WTL_HAS(cell->type, show) || cell->type->show == NULL) {
        wtl__question_answer(x, question, WTL_UNSUPPORTED, NULL);
        return;
    }
    (void)wtl__message_open_in(&x->drafts, &body, 256);
    cell->type->show(&x->pub, cell->state, &body);
    struct wtl__envelope *taken = wtl__message_take(&body, WTL__ANSWER);
    enum wtl_status status = taken != NULL
                                 ? wtl_scan(taken->msg.bytes, taken->msg.size, &WTL_SCAN_BODY)
                                 : wtl__message_fault(&body);
    if (taken != NULL && status != WTL_OK) {
        wtl__envelope_free(taken);
        taken = NULL;
    }
    wtl__question_answer(x, question, status, taken);
}

static void serve_replace(struct wtl__ctx *x, struct wtl__cell *cell,
                          struct wtl__question *question)
{
    static const struct wtl_msg none;
    enum wtl_status status = WTL_UNSUPPORTED;
    if (WTL_HAS(cell->type, replace) && cell->type->replace != NULL) {
        status = cell->type->replace(&x->pub, cell->state,
                                     question->argument != NULL ? &question->argument->msg : &none);
    }
    wtl__question_answer(x, question, status, NULL);
}

/* A state that there is not yet, or not any more. */
static bool is_refused(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__question *question)
{
    bool of_state = question->verb == WTL_SYS_STATE || question->verb == WTL_SYS_REPLACE;
    if (!of_state ||
        (cell->state_now == WTL__CELL_LIVE && (cell->flags & WTL__CELL_INITING) == 0)) {
        return false;
    }
    cell->sys->asked = question->next;
    wtl__question_answer(x, question, cell->state_now == WTL__CELL_STOPPING ? WTL_CLOSED : WTL_BUSY,
                         NULL);
    return true;
}

/* Answers the oldest one here. */
static void serve_here(struct wtl__ctx *x, struct wtl__cell *cell, struct wtl__question *question)
{
    struct wtl__question *next = question->next;
    wtl__cell_turn(cell);
    if (question->verb == WTL_SYS_STATE) {
        serve_state(x, cell, question);
    } else {
        serve_replace(x, cell, question);
    }
    cell->sys->asked = next;
}

void wtl__sys_serve(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__far *far = wtl__far_of(cell);
    struct wtl__question *question;
    /* it stays in the list while a function of the actor runs for it: that may be its end */
    while ((question = cell->sys->asked) != NULL && !question->is_far &&
           (cell->flags & (WTL__CELL_ENDING | WTL__CELL_UPGRADING)) == 0) {
        if (is_refused(x, cell, question)) {
            continue;
        }
        if (far != NULL) {
            question->is_far = true;
            far->ask(far, x, question->verb,
                     question->argument != NULL ? &question->argument->msg : NULL);
        } else {
            serve_here(x, cell, question);
        }
    }
    if (question == NULL || question->is_far || (cell->flags & WTL__CELL_UPGRADING) != 0) {
        cell->flags &= ~WTL__CELL_ASKED;
    }
}

void wtl__sys_go_on(struct wtl__cell *cell)
{
    if (cell->sys != NULL && cell->sys->asked != NULL) {
        cell->flags |= WTL__CELL_ASKED;
    }
}

/* ---- begin and end --------------------------------------------------------------------------- */

uint64_t wtl__sys_ask(struct wtl_ctx *pub, struct wtl_pid to, int verb, struct wtl_writer *argument,
                      const struct wtl_call_options *options)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__question *question = wtl__pool_take(sizeof *question);
    if (question == NULL) {
        wtl__message_drop(argument);
        return wtl__ask_now(x, options, WTL_NO_MEMORY, WTL_PID_NONE);
    }
    struct wtl__pending *pending = wtl__pending_new(x, WTL_PID_NONE, options);
    if (pending == NULL) {
        wtl__message_drop(argument);
        wtl__pool_give(question);
        return 0;
    }
    uint64_t request = pending->tie.msg.request;
    *question = (struct wtl__question){.control.run = run_question,
                                       .control.signal.msg.kind_ = WTL__CONTROL,
                                       .verb = (enum wtl_sys_verb)verb,
                                       .asker = wtl__pid_of(x->runtime, x->cell),
                                       .request = request};
    if (argument != NULL) {
        question->argument = wtl__message_take(argument, WTL__LOCAL);
    }
    if (to.node != x->runtime->node) {
        wtl__question_answer(x, question, WTL_UNSUPPORTED, NULL);
    } else if (question->argument == NULL && (verb == WTL_SYS_REPLACE || verb == WTL_SYS_TRACE)) {
        wtl__question_answer(x, question, WTL_INVALID, NULL);
    } else {
        (void)wtl__deliver(x->runtime, x, to, &question->control.signal);
    }
    return request;
}

void wtl__sys_end(struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__sys *sys = cell->sys;
    if (sys == NULL) {
        return;
    }
    while (sys->asked != NULL) {
        struct wtl__question *question = sys->asked;
        sys->asked = question->next;
        wtl__question_answer(x, question, WTL_CLOSED, NULL);
    }
    wtl__trace_end(x, cell);
    cell->sys = NULL;
    wtl__pool_give(sys);
}
