/*
 * inspect_cell.h - looking at one actor without a race: a function is run on it, by whoever holds
 * its run token, and sends what it has seen as a message.
 *
 * The message has the tag "$look" and the kind WTL__LOCAL, so that no bound refuses it and no other
 * machine can send one. An actor that is no more answers too; one whose handler does not return
 * answers when it does.
 *
 * Thread: wtl__look from an actor's own; what it starts runs on the actor that is looked at.
 */
#ifndef WTL_NODE_INSPECT_CELL_H
#define WTL_NODE_INSPECT_CELL_H

#include "actor/runtime.h"

#define WTL__TAG_LOOK WTL_TAG("$look")

/* Ties of an actor that are told one by one; and bytes for a supervisor's list of children. */
#define WTL__LOOK_TIES_MAX     64u
#define WTL__LOOK_CHILDREN_MAX (256u * 1024)

/* Looks at the actor `local` of this node; the answer goes to `x`'s actor, with `job` and `index`
 * in it. `deep`: with its ties and, of a supervisor, its last restarts. False: no memory. */
bool wtl__look(struct wtl__ctx *x, uint64_t local, uint64_t job, uint32_t index, bool deep);

struct wtl__look_text {
    const char *text;
    size_t size;
};

/* What was seen; its texts and readers point into the message. */
struct wtl__sight {
    uint64_t job;
    uint32_t index;
    bool is_alive; /* false: the rest is empty */
    uint64_t local;
    struct wtl__look_text name; /* empty: none */
    struct wtl__look_text type;
    struct wtl__look_text state;
    uint64_t mailbox;
    uint64_t mailbox_max;
    uint64_t handled;
    uint64_t memory_bytes;
    uint64_t links;
    uint64_t monitors;
    uint64_t watchers;
    uint64_t timers;
    uint64_t calls; /* of its own that wait for an answer */
    struct wtl_pid parent;
    /* of a supervisor */
    struct wtl__look_text strategy; /* empty: it is none */
    uint64_t intensity;
    uint64_t period_ms;
    uint64_t restarts;          /* of all its children */
    struct wtl_reader children; /* behind the array's head; see wtl__sight_child */
    uint32_t children_count;
    struct wtl_reader history; /* of [age in ms, id, reason] */
    uint32_t history_count;
    struct wtl_reader ties; /* of [word, pid node, pid local] */
    uint32_t ties_count;
    uint64_t process; /* that its code runs in; 0: the node's */
};

/* Reads the message of a look. False: it is none. */
bool wtl__sight_read(const struct wtl_msg *message, struct wtl__sight *sight_out);

struct wtl__sight_child {
    struct wtl__look_text id;
    uint64_t local; /* 0: it has no actor now */
    struct wtl__look_text state;
    uint64_t restarts;
};

/* The next child; to be asked children_count times. */
struct wtl__sight_child wtl__sight_child(struct wtl_reader *children);

#endif
