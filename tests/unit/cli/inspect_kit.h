/*
 * inspect_kit.h - the inspection actor on the seeded host, in virtual time: the test asks as the
 * control socket does, or as another node, and answers as the net loop does.
 *
 * Thread: the test's. Owns: an ask owns the bytes of its answer.
 */
#ifndef WTL_TEST_CLI_INSPECT_KIT_H
#define WTL_TEST_CLI_INSPECT_KIT_H

#include "kit.h"
#include "node/inspect.h"
#include "sched/step.h"

#define KIT_NODE  UINT64_C(0x0000000001000001) /* "edge-1" */
#define KIT_OTHER UINT64_C(0x0000000002000001)

struct ikit {
    struct wtl__step step;
    struct wtl_pid inspect;
    struct wtl_pid root;    /* an actor that stands for `$node` */
    struct wtl__desk *desk; /* set before ikit_init; NULL: none */

    /* what the test, as the net loop, answers */
    bool mesh_is_silent;
    enum wtl_layer other_layer; /* of KIT_OTHER; 0: not known */
    struct wtl_writer mesh;     /* bytes of the next answer to another question */
    uint8_t mesh_bytes[4096];
    uint32_t asked;

    /* the last reply, to the control socket or to another node */
    uint32_t replies;
    bool has_status; /* a reply to another node: */
    enum wtl_status status;
    uint8_t *bytes;
    size_t size;

    /* what was sent to another node */
    uint32_t sent;
    struct wtl_pid sent_to;
    uint64_t sent_request;
};

void ikit_init(struct ikit *kit);
void ikit_deinit(struct ikit *kit);

/* Asks like the control socket, for `node` (0: this one), and settles. */
void ikit_ask(struct ikit *kit, uint64_t node, const char *verb, const char *arg);
/* The same with a whole question. */
void ikit_ask_with(struct ikit *kit, const struct wtl__request *request);
/* Asks like an actor of KIT_OTHER, by way of `$node`. */
void ikit_ask_as_other(struct ikit *kit, const char *verb, const char *arg);

/* The same with two words. */
void ikit_ask_two(struct ikit *kit, const char *verb, const char *first, const char *second);
void ikit_ask_two_as_other(struct ikit *kit, const char *verb, const char *first,
                           const char *second);

/* The reply, read: it must be one. */
struct wtl__reply ikit_reply(struct ikit *kit);
/* The reply as the command would print it, or as JSON. The caller frees it. */
char *ikit_text(struct ikit *kit, bool json);

/* An actor that does nothing; with a handler that never returns when it is `stuck`. */
extern const struct wtl_actor ikit_idle;
struct wtl_pid ikit_spawn(struct ikit *kit, const char *name);

#endif
