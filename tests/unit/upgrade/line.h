/*
 * line.h - a line of versions of one actor, "clerk", which counts what each sender sends, calls
 * others, has a timer, and keeps memory and a message; and an upgrade from one to the other.
 *
 * Thread: the test's. Owns: a line is the test's memory and outlives the kit.
 */
#ifndef UPGRADE_LINE_H
#define UPGRADE_LINE_H

#include "../actor/kit.h"
#include "actor/upgrade.h"

#define LINE_SENDERS 4u
#define LINE_CLERKS  16u

/* What a clerk has seen, by its number; a test looks at it. */
struct line_seen {
    struct wtl_pid pid;
    uint32_t version; /* of the code that ran last */
    uint64_t count;   /* messages, by the state itself */
    uint64_t gaps;    /* messages out of their order */
    uint64_t answers; /* of calls */
    uint64_t mixed;   /* answers that were handled by another version than the state's */
    uint64_t ticks;
    uint64_t upgraded; /* "upgraded" of wtl_continue */
    uint64_t downs;
    uint64_t exits;
    uint64_t argument; /* of its init: 100 and its number, when line_clerk has spawned it */
    uint32_t inits;
    uint32_t stops;
};

struct line {
    struct kit kit;
    struct wtl_pid upgrader;
    struct line_seen seen[LINE_CLERKS];
    /* What goes wrong; read by both versions. */
    uint32_t bad_clerk; /* its number + 1; 0: nobody's */
    enum wtl_status save_returns;
    enum wtl_status upgrade_returns;
    bool save_tells;    /* calls what it may not */
    bool save_releases; /* what was kept */
    bool upgrade_spawns;
    uint32_t saves;
    uint32_t upgrades;
    uint64_t saved_bytes; /* more to be saved, for a limit */
    /* The last upgrade. */
    uint32_t done;
    enum wtl_status status;
    char text[480];
    uint32_t actors;
    uint32_t current; /* the version that is started */
};

struct line_settings {
    struct line *line;
    uint32_t number;
};

extern const struct wtl_actor line_v1;
extern const struct wtl_actor line_v2;
extern const struct wtl_actor line_v2_in_place; /* the state of version 1, and other code */
extern const struct wtl_actor line_v2_no_answers;
extern const struct wtl_actor line_v1_no_save;

void line_init(struct line *line, uint64_t seed);
void line_deinit(struct line *line);

struct wtl_pid line_clerk(struct line *line, uint32_t number, const struct wtl_actor *type);

/* Begins an upgrade; it is over when line->done has been counted up. */
void line_begin(struct line *line, const struct wtl_actor *from, const struct wtl_actor *to);
/* The same, with so much time for it. */
void line_begin_within(struct line *line, const struct wtl_actor *from, const struct wtl_actor *to,
                       uint32_t within_ms);
/* The same, of two types. */
void line_begin_two(struct line *line, const struct wtl_actor *from, const struct wtl_actor *to,
                    const struct wtl_actor *from_two, const struct wtl_actor *to_two);
/* The same, with time for it, and what came of it. */
enum wtl_status line_upgrade(struct line *line, const struct wtl_actor *from,
                             const struct wtl_actor *to);

/* The next number of that sender to that clerk; from outside. */
void line_send(struct line *line, uint32_t sender, uint32_t clerk);
/* Makes the clerk do something: "call", "hold", "tick", "keep", "grow", "link", ... */
void line_order(struct line *line, uint32_t clerk, const char *what, struct wtl_pid about);
uint64_t line_sent(const struct line *line, uint32_t clerk);

#endif
