/*
 * known.h - the global names that this node has looked up: which actor holds each, for any thread.
 *
 *   ASKED  the net loop is asked for it; messages for the name wait here, in order
 *   KNOWN  the holder; after WTL__KNOWN_MS it is still used, and asked for again meanwhile
 *
 * Messages that wait are handed on before a later sender can see the name as known, so that none
 * overtakes another. An entry goes when the name is not found, when its holder is heard to have
 * ended, or when the holder's node is down.
 *
 * Thread: any. Owns: the envelopes that wait.
 * Bounds: WTL__KNOWN_MAX names, WTL__KNOWN_WAITING messages that wait for each.
 */
#ifndef WTL_NODE_KNOWN_H
#define WTL_NODE_KNOWN_H

#include "actor/message.h"

#define WTL__KNOWN_MAX     65536u
#define WTL__KNOWN_WAITING 1024u
#define WTL__KNOWN_MS      1000u

struct wtl__known;

/* Fails: NULL when memory is exhausted. */
struct wtl__known *wtl__known_create(uint64_t seed);
void wtl__known_destroy(struct wtl__known *known);

enum wtl__known_result {
    WTL__KNOWN_IS,    /* *pid_out holds it; the envelope is still the caller's */
    WTL__KNOWN_WAITS, /* the envelope waits for the answer */
    WTL__KNOWN_FULL,  /* no room or memory; the envelope is still the caller's */
};

/* Looks the name up for a message. *ask_out: the caller has to ask the net loop for it. */
enum wtl__known_result wtl__known_find(struct wtl__known *known, const char *name,
                                       struct wtl__envelope *envelope, uint64_t now_ms,
                                       struct wtl_pid *pid_out, bool *ask_out);

/* The answer: the holder, or none. Calls `send` for each message that it answers, oldest first,
 * with the holder (or none): all that wait, or, where there is none, those that waited when it was
 * asked; the name may have been registered before the later ones were sent. True: for those the
 * caller has to ask again. Owns: send takes the envelope. */
bool wtl__known_answer(struct wtl__known *known, const char *name, struct wtl_pid holder,
                       uint64_t now_ms,
                       void (*send)(void *context, struct wtl_pid to,
                                    struct wtl__envelope *envelope),
                       void *context) WTL_MUST_USE;

/* Forgets every name of that actor; of that node. */
void wtl__known_forget_pid(struct wtl__known *known, struct wtl_pid pid);
void wtl__known_forget_node(struct wtl__known *known, uint64_t node);

uint32_t wtl__known_count(struct wtl__known *known);

#endif
