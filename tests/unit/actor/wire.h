/*
 * wire.h - two nodes in one test, and a wire between them that takes its time.
 *
 * What a node sends to the other waits on the wire until it is made to arrive, in order. Names that
 * are not local are looked up in wire_names.
 *
 * Thread: the test's. Owns: a wire that ends proves that nothing is left.
 */
#ifndef WTL_TESTS_ACTOR_WIRE_H
#define WTL_TESTS_ACTOR_WIRE_H

#include "kit.h"

enum { WIRE_NAMES = 4 };

struct wire_name {
    const char *name;
    struct wtl_pid holder;
};

extern struct kit wire_nodes[2];
extern struct wire_name wire_names[WIRE_NAMES];

/* The nodes have the ids 1 and 2. */
void wire_begin(uint64_t seed);
void wire_end(void);

/* The next envelope arrives at that node. False: none is on its way. */
bool wire_arrive(int node);

/* Everything runs and arrives until nothing is left to. */
void wire_settle(void);

/* The connection is lost, with all that was on its way; each node is told. */
void wire_cut(void);

/* What the wire does not yet know: the holder of a name that was asked for while wire_names had
 * none is now the one that stands there. Messages that waited for it go on. */
void wire_resolve(void);

#endif
