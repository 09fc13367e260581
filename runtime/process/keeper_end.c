/*
 * keeper_end.c - the end of a child: killed or by itself, reaped, and told to those in it.
 *
 * What the child has sent before its end is carried out before its actors end: they are told when
 * the socket has ended and the process was reaped, never before.
 */
#include "process/keeper_private.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

void wtl__keeper_ending(struct wtl_ctx *x, struct wtl__keeper *keeper)
{
    if (keeper->state >= WTL__KEEPER_ENDING) {
        return;
    }
    keeper->state = WTL__KEEPER_ENDING;
    keeper->ending_ns = wtl_now_ns(x);
    wtl__keeper_stop_clock(x, keeper);
    wtl__isolated_retire(keeper->process);
    wtl__keeper_reap(x, keeper);
}

void wtl__keeper_kill(struct wtl_ctx *x, struct wtl__keeper *keeper, const char *word)
{
    if (keeper->state == WTL__KEEPER_ENDED) {
        return;
    }
    if (keeper->word == NULL) {
        keeper->word = word;
    }
    wtl__child_kill(&keeper->process->child);
    wtl__keeper_ending(x, keeper);
}

void wtl__keeper_interrupt(struct wtl_ctx *x, struct wtl__keeper *keeper, const char *word)
{
    if (keeper->state < WTL__KEEPER_ENDING) {
        keeper->word = keeper->word == NULL ? word : keeper->word;
        keeper->interrupted = true;
        wtl__child_interrupt(&keeper->process->child);
        wtl__keeper_ending(x, keeper);
    }
}

/* ---- the burial ----------------------------------------------------------------------------- */

static void over(struct wtl_ctx *x, struct wtl__keeper *keeper, int status, int process)
{
    struct wtl__notes notes = wtl__board_read(keeper->process->child.board);
    if (keeper->last.runs != 0) { /* what it did then, and where it was when it was interrupted */
        notes.local = keeper->last.local;
        notes.tag = keeper->last.tag;
        notes.function = keeper->last.function;
        notes.runs = keeper->last.runs;
    }
    struct wtl_reason reason = wtl__child_reason(status, &notes);
    if (keeper->word != NULL) {
        reason.word = wtl_tag_make(keeper->word, strlen(keeper->word));
    }
    bool in_order = keeper->stopping && keeper->word == NULL && status == 0;
    wtl_fd_unwatch(x, keeper->process->child.output);
    wtl__keeper_print(keeper, true);
    if (in_order) {
        reason = WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown");
    } else {
        wtl__keeper_report(keeper, &notes, reason, process);
    }
    keeper->state = WTL__KEEPER_ENDED;
    wtl__process_die(keeper->process, wtl__ctx_of(x), reason);
    if (keeper->stopping) {
        wtl_done(x, WTL_OK);
    } else {
        wtl_stop(x, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    }
}

/* The child has closed its end and lives, or does not end although it should. */
static void hurry(struct wtl__keeper *keeper, uint64_t now_ns)
{
    uint64_t after_ms = keeper->stopping ? WTL__CLOSING_MS : WTL__CLOSED_MS;
    if ((keeper->word == NULL || keeper->interrupted) &&
        (now_ns - keeper->ending_ns) / WTL__NS_PER_MS >= after_ms) {
        keeper->hurried = keeper->word == NULL;
        keeper->word = keeper->word == NULL ? "closed" : keeper->word;
        wtl__child_kill(&keeper->process->child);
    }
}

void wtl__keeper_reap(struct wtl_ctx *x, struct wtl__keeper *keeper)
{
    int status = 0;
    int process = (int)keeper->process->child.pid;
    if (keeper->state != WTL__KEEPER_ENDING) {
        return;
    }
    /* looked at first: this worker may be late, and the child have ended long ago */
    if (!wtl__child_reap(&keeper->process->child, false, &status)) {
        hurry(keeper, wtl_now_ns(x));
        (void)wtl_after(x, WTL__REAP_MS, WTL_TAG("reap"), NULL);
        return;
    }
    if (keeper->hurried && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)) {
        keeper->word = NULL; /* it was ending by itself, slowly: how it ended says why */
    }
    while (wtl__keeper_read(x, keeper)) { /* what it has sent last */
    }
    over(x, keeper, status, process);
}

void wtl__keeper_end(struct wtl__ending *ending, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__keeper *keeper = WTL_CONTAINER(ending, struct wtl__keeper, ending);
    struct wtl__process *process = keeper->process;
    int status = 0;
    (void)cell;
    wtl__isolated_retire(process);
    wtl__child_kill(&process->child);
    (void)wtl__child_reap(&process->child, false, &status);
    wtl__process_die(process, x, WTL_REASON(WTL_EXIT_KILLED, "killed"));
    wtl__process_unreserve(process, x);
    if (keeper->intake.bytes != NULL) {
        wtl__intake_deinit(&keeper->intake);
    }
    if (keeper->state == WTL__KEEPER_ENDED) {
        wtl__isolated_bury(process);
    }
}
