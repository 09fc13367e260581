/* matrix.h - what each fault of an actor costs in either grade: a table, which matrix.c proves cell
 * by cell and under each strategy, and docs/FAULTS.md shows. */
#ifndef MATRIX_H
#define MATRIX_H

#include <stdbool.h>
#include <stddef.h>

enum cost {
    COSTS_NOTHING, /* there is no such fault in that grade */
    COSTS_ACTOR,   /* that one, with the reason */
    COSTS_WORKER,  /* until the call returns; the others go on */
    COSTS_NODE,    /* ends by the signal, or with the exit code */
    COSTS_COUNT
};

struct cell {
    enum cost cost;
    const char *how; /* the reason, the signal, or "exit code N" */
};

struct row {
    const char *fault;      /* as the document says it */
    const char *tag;        /* as the victim is told; see module/so/breakage.h */
    const char *in_process; /* the reason: it always costs the module's process, and that alone */
    struct cell in_node;
    const char *record; /* what the record of a node that ends has; NULL: nobody writes one */
    bool hung;          /* a limit of time ends it */
    bool x86;           /* other processors do not fault */
    bool bare;          /* a sanitizer is before it */
};

extern const struct row rows[];
extern const size_t rows_count;

/* Is it a fault where this test runs? */
bool row_is_here(const struct row *row);

#endif
