/*
 * stage_kit.h - the actors of the module `machine`, from its .so, each as a stage of a flow that
 * the test plays: it sees what a stage emits, drops and acknowledges, gives credit, and sends
 * messages with keys. Everything else is real: the actor, the work that it has done, the files.
 *
 * Thread: the test's; in virtual time, from a seed.
 */
#ifndef STAGE_KIT_H
#define STAGE_KIT_H

#include <criterion/criterion.h>

#include <wattle/flow.h>

#include "module/module.h"
#include "sched/step.h"

#define EMITS_MAX  512u
#define STAGES_MAX 4u

/* A reading, as it came out or goes in. */
struct emit {
    uint64_t seq;
    uint64_t at_ms;
    char host[64];
    char kind[32];
    char unit[16];
    double value;
    double delta; /* 0 when it has none */
};

struct stage {
    struct wtl_pid pid;
    uint32_t credit; /* emits that are taken before WTL_BUSY */
    uint32_t emits_count;
    struct emit emits[EMITS_MAX];
    uint32_t drops_count;
    char drop[200]; /* the reason of the last one */
    uint32_t done_count;
    uint32_t acked;           /* messages that the handler acknowledged by WTL_OK */
    uint64_t done[EMITS_MAX]; /* the seq of each key */
};

struct stages {
    struct wtl__step step;
    struct wtl__modules modules;
    uint64_t used_bytes;
    char folder[64]; /* an empty one, for the test */
    char log[16384];
    /* types and settings, which live as long as the actors */
    unsigned types_count;
    struct wtl_actor types[STAGES_MAX];
    _Alignas(16) uint8_t settings[STAGES_MAX][256];
};

extern struct stages stages;

void stages_open(uint64_t seed);
/* Ends all actors in order; nothing may be left. */
void stages_close(void);
void stages_settle(void);
void stages_advance(uint64_t ms);

/* Starts machine.NAME with its settings as texts: "path", "/tmp/x", NULL. */
void stage_open(struct stage *stage, const char *name, const char *const *settings);
#define STAGE(stage, name, ...) stage_open((stage), name, (const char *const[]){__VA_ARGS__, NULL})
/* Asks it to stop, and settles. */
void stage_stop(struct stage *stage);
bool stage_lives(const struct stage *stage);

/* A message of the flow with that number in its key. */
void stage_send(struct stage *stage, uint64_t seq, bool redelivered, const void *bytes,
                size_t size);
/* A message of no flow: "flow_ready", ... */
void stage_tell(struct stage *stage, const char *tag);

/* How often the word is in the log. */
unsigned stages_logged(const char *word);
/* A path in the test's folder; overwritten by the next but three. */
const char *stages_path(const char *name);
void stages_write(const char *name, const char *text);

#endif
