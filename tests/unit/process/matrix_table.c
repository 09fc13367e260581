/* matrix_table.c - the table of matrix.h, and the proof that docs/FAULTS.md has the very same. */
#include "matrix.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/attr.h"
#include "process_kit.h"

#define LINE_MAX_BYTES 256u

#define ROW(text, word, reason, costs, how)                                                        \
    .fault = (text), .tag = (word), .in_process = (reason), .in_node = {COSTS_##costs, how}

const struct row rows[] = {
    {ROW("a write through a null pointer", "null", "fault:sigsegv", ACTOR, "fault:sigsegv")},
    {ROW("`memcpy` to a bad address", "memcpy", "fault:sigsegv", ACTOR, "fault:sigsegv")},
    {ROW("division by zero (x86)", "divide", "fault:sigfpe", ACTOR, "fault:sigfpe"), .x86 = true,
     .bare = true},
    {ROW("an illegal instruction (x86)", "illegal", "fault:sigill", ACTOR, "fault:sigill"),
     .x86 = true, .bare = true},
    {ROW("a recursion without an end", "recurse", "fault:stack_overflow", ACTOR,
         "fault:stack_overflow")},
    {ROW("10 GB that a limit refuses, used all the same", "hog10G", "fault:memory", ACTOR,
         "fault:sigsegv"),
     .bare = true},
    {ROW("an endless loop", "loop", "fault:timeout", ACTOR, "fault:hung"), .hung = true},
    {ROW("a call that never returns", "deadlock", "fault:timeout", WORKER, ""), .hung = true},
    {ROW("a fault in a callback of `qsort`", "callback", "fault:sigsegv", NODE, "SIGSEGV"),
     .record = "another library has called into"},
    {ROW("a jump to nowhere", "jump", "fault:sigsegv", NODE, "SIGSEGV"), .record = "in no code"},
    {ROW("a fault in blocking work", "work", "fault:sigsegv", NODE, "SIGSEGV"),
     .record = "runs no function of an actor"},
    {ROW("a block that is freed twice", "double_free", "fault:sigabrt", NODE, "SIGABRT"),
     .record = "message double_free", .bare = true},
    {ROW("`abort`", "abort", "fault:sigabrt", NODE, "SIGABRT"), .record = "abort was called"},
    {ROW("`exit(0)`, hidden", "exit", "fault:exit_0", NODE, "SIGABRT"),
     .record = "exit was called"},
    {ROW("`_exit(7)`, hidden", "_exit", "fault:exit_7", NODE, "exit code 7")},
    {ROW("`raise(SIGKILL)`", "kill", "fault:sigkill", NODE, "SIGKILL")},
    {ROW("`raise(SIGSTOP)`", "stopped", "fault:timeout", NODE, "SIGSTOP"), .hung = true},
    {ROW("it closes its socket", "close", "fault:closed", NOTHING, "")},
    {ROW("garbage in its socket", "garbage", "fault:proto_error", NOTHING, "")},
    {ROW("a frame that claims 4 GB", "claim", "fault:proto_error", NOTHING, "")},
};
const size_t rows_count = WTL_COUNT(rows);

bool row_is_here(const struct row *row)
{
#ifdef __x86_64__
    bool is_x86 = true;
#else
    bool is_x86 = false;
#endif
    return !(row->x86 && !is_x86) && !(row->bare && WTL_SANITIZED);
}

/* ---- the document --------------------------------------------------------------------------- */

static void row_text(const struct row *row, char line[LINE_MAX_BYTES])
{
    static const struct {
        const char *before;
        const char *after;
    } words[COSTS_COUNT] = {[COSTS_NOTHING] = {"", ""},
                            [COSTS_ACTOR] = {"the actor, `", "`"},
                            [COSTS_WORKER] = {"a worker", ""},
                            [COSTS_NODE] = {"**the node**, ", ""}};
    enum cost cost = row->in_node.cost;
    (void)snprintf(line, LINE_MAX_BYTES, "| %s | its process, `%s` | %s%s%s |\n", row->fault,
                   row->in_process, words[cost].before, row->in_node.how, words[cost].after);
}

Test(matrix, X087_the_document_has_this_table)
{
    static const char head[] = "| an actor does | in a process of its own | in the node |\n";
    char line[LINE_MAX_BYTES];
    char expected[LINE_MAX_BYTES];
    FILE *file = fopen(FAULTS_DOCUMENT, "re");
    cr_assert_not_null(file, "%s", FAULTS_DOCUMENT);
    do {
        cr_assert_not_null(fgets(line, sizeof line, file), "no table that begins with: %s", head);
    } while (strcmp(line, head) != 0);
    cr_assert_not_null(fgets(line, sizeof line, file)); /* |---|---|---| */
    for (size_t i = 0; i < rows_count; i++) {
        row_text(&rows[i], expected);
        cr_assert_not_null(fgets(line, sizeof line, file));
        cr_assert_str_eq(line, expected);
    }
    cr_assert_not_null(fgets(line, sizeof line, file));
    cr_assert_str_eq(line, "\n", "the document has a row that nobody tests");
    (void)fclose(file);
}
