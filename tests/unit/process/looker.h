/*
 * looker.h - looking into actors, from the test's thread: an actor called "sink" asks and tells
 * what the test says, in that order, and writes down what comes to it, in the order in which it
 * comes.
 *
 * Thread: the test's. Owns: nothing; the actor ends with its runtime. Bounds: LOOKER_MAX entries.
 */
#ifndef LOOKER_H
#define LOOKER_H

#include <wattle/runtime.h>
#include <wattle/sys.h>

#define LOOKER_MAX 16384u

/* What has come, besides the answers to enum wtl_sys_verb. */
#define LOOKER_CAME  0
#define LOOKER_EVENT 100

struct seen {
    int what; /* the verb that was asked, LOOKER_CAME: a message, LOOKER_EVENT: of a trace */
    enum wtl_status status;
    uint64_t number;     /* the body, when it is one; of a trace the tag's length */
    uint32_t size;       /* of the body */
    uint64_t figures[4]; /* handled, sent, waiting, memory_bytes */
    struct wtl_trace_event event;
};

void looker_begin(struct wtl_runtime *runtime);

/* Asks whoever has that name; `argument` is the state of REPLACE and the count of TRACE. */
void looker_ask(const char *name, enum wtl_sys_verb verb, uint64_t argument);
/* Asks for its state so many times in a row: before any of them is answered, of one life. */
void looker_ask_states(const char *name, unsigned times);
/* The state is a text of so many bytes. */
void looker_replace_large(const char *name, uint64_t bytes);
void looker_tell(const char *name, const char *tag, uint64_t number);

/* What has come as that one since the begin, counted from 0; waits for it. */
struct seen looker_seen(uint32_t index);
/* How many have come. */
uint32_t looker_count(void);
/* Asks and waits for the answer, which must be what comes next. */
struct seen looker_look(const char *name, enum wtl_sys_verb verb, uint64_t argument);

#endif
