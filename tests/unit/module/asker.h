/*
 * asker.h - asking the actors of a real runtime from the test's thread, one question at a time.
 *
 * Thread: the test's. Owns: nothing; the actor that asks ends with its runtime.
 */
#ifndef ASKER_H
#define ASKER_H

#include <wattle/runtime.h>

/* An answer, as far as the test looks at it. */
struct answer {
    enum wtl_status status;
    struct wtl_reason reason;
    struct wtl_pid pid;
    uint64_t number; /* the first value of the body, when it is a number, */
    char text[512];  /* or a text */
};

struct asker {
    struct wtl_runtime *runtime;
    struct wtl_pid pid;
};

/* Starts the actor that asks. */
void asker_begin(struct asker *asker, struct wtl_runtime *runtime);

/* Calls the holder of the name with a message of that tag and number, and waits for the answer. */
struct answer asker_ask(const struct asker *asker, const char *name, const char *tag,
                        uint64_t number);
/* The same, again while the actor is being restarted. */
struct answer asker_ask_living(const struct asker *asker, const char *name, const char *tag,
                               uint64_t number);
/* Sends it, without an answer. */
void asker_tell(const struct asker *asker, const char *name, const char *tag, uint64_t number);

#endif
