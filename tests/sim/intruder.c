/* intruder.c - see intruder.h. */
#include "intruder.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "model.h"
#include "wire/bytes.h"

/* How long a node may take to see through a lie, and what the intruder's beat is: longer. */
#define VERDICT_MS 1000u
#define BEAT_MS    5000u

enum lie {
    LIE_NAME,       /* a hello with another name than the certificate */
    LIE_NODE,       /* with another node's id */
    LIE_LAYER,      /* of another layer */
    LIE_BINDING,    /* that was made for another connection */
    LIE_OPEN,       /* an association of another node, and mail on it */
    LIE_ACK,        /* the acknowledgement of another node */
    LIE_RESET,      /* "that node does not know you" */
    LIE_REGISTER,   /* a name for an actor of another node, in its name */
    LIE_DROP,       /* the end of another node's name */
    LIE_CLAIM,      /* what only core nodes say to each other */
    LIE_STATE,      /* what only the owner of a name says */
    LIE_FAREWELL,   /* another node leaves */
    LIE_PARTED,     /* another node has given this one up */
    LIE_ROSTER,     /* a way to other nodes */
    LIE_ATTACH,     /* another device is attached through it */
    LIE_PROOF,      /* a record of its own with a bad signature */
    LIE_DETACH,     /* another device is not attached any more */
    LIE_KILL,       /* an exit signal, which a device may not send */
    LIE_GENERATION, /* data on a handle of a connection that is over */
    LIE_COUNT
};

struct rule {
    const char *text;
    enum wtl_status status; /* why the link is closed; WTL_OK: it stays */
};

static const struct rule rules[LIE_COUNT] = {
    [LIE_NAME] = {"a hello in another name", WTL_IDENTITY},
    [LIE_NODE] = {"a hello with another node's id", WTL_IDENTITY},
    [LIE_LAYER] = {"a hello of another layer", WTL_IDENTITY},
    [LIE_BINDING] = {"a hello of another connection", WTL_IDENTITY},
    [LIE_OPEN] = {"mail in another node's name", WTL_FORGED},
    [LIE_ACK] = {"an ack in another node's name", WTL_FORGED},
    [LIE_RESET] = {"a reset in another node's name", WTL_FORGED},
    [LIE_REGISTER] = {"a registration in another node's name", WTL_FORGED},
    [LIE_DROP] = {"a drop of another node's name", WTL_FORGED},
    [LIE_CLAIM] = {"a claim of a device", WTL_DENIED},
    [LIE_STATE] = {"a name's state told by a device", WTL_DENIED},
    [LIE_FAREWELL] = {"another node's farewell", WTL_DENIED},
    [LIE_PARTED] = {"a parting in another node's name", WTL_FORGED},
    [LIE_ROSTER] = {"a roster of a device", WTL_DENIED},
    [LIE_ATTACH] = {"another device's attachment", WTL_FORGED},
    [LIE_PROOF] = {"an attachment with a bad signature", WTL_FORGED},
    [LIE_DETACH] = {"another device's detachment", WTL_DENIED},
    [LIE_KILL] = {"an exit signal of a device", WTL_OK},
    [LIE_GENERATION] = {"data on a handle of a connection that is over", WTL_OK},
};

struct intruder {
    struct wtl__session session;
    bool open; /* the session is valid */
    enum lie lie;
    struct sim_node *target, *victim; /* who is lied to, and about whom; NULL: no attack now */
    uint64_t target_id;
    bool lied;
    uint64_t until_ms;
};

static struct sim_node *self(struct world *world)
{
    return &world->nodes[NODES_MAX - 1];
}

void intruder_add(struct world *world)
{
    struct sim_node *node = self(world);
    *node = (struct sim_node){
        .world = world, .layer = WTL_LAYER_DEVICE, .incarnation = 1, .alive = true};
    (void)snprintf(node->name, sizeof node->name, "mallory");
    node->id = world_id(node);
    node->intruder = calloc(1, sizeof *node->intruder);
    WTL_ASSERT(node->intruder != NULL);
}

void intruder_remove(struct world *world)
{
    struct sim_node *node = self(world);
    struct intruder *intruder = node->intruder;
    if (intruder != NULL) {
        node->alive = false;
        wire_break_all(node);
        if (intruder->open) {
            wtl__session_deinit(&intruder->session);
        }
        free(intruder);
        node->intruder = NULL;
    }
}

void intruder_attack(struct world *world, struct sim_node *target)
{
    struct intruder *intruder = self(world)->intruder;
    struct sim_node *victim = &world->nodes[wtl__prng_below(&world->prng, world->nodes_count)];
    enum lie lie = (enum lie)wtl__prng_below(&world->prng, LIE_COUNT);
    bool of_device = lie == LIE_ATTACH || lie == LIE_DETACH;
    if (intruder == NULL || intruder->target != NULL || !target->alive || target == victim ||
        target->layer == WTL_LAYER_DEVICE || (of_device && victim->layer != WTL_LAYER_DEVICE)) {
        return;
    }
    checks.attacks++;
    intruder->lie = lie;
    intruder->target = target;
    intruder->target_id = target->id;
    intruder->victim = victim;
    intruder->lied = false;
    intruder->until_ms = world->now_ms + 2 * VERDICT_MS;
    wire_dial(self(world), target->name);
}

/* ---- lies ----------------------------------------------------------------------------------- */

uint32_t intruder_open(struct sim_node *node, const struct wtl_identity *peer,
                       const uint8_t binding[32])
{
    struct intruder *intruder = node->intruder;
    const struct sim_node *victim = intruder->victim;
    struct wtl__session_config config = {.hello = {.version_min = WTL__PROTOCOL_MIN,
                                                   .version_max = WTL__PROTOCOL_MAX,
                                                   .node = node->id,
                                                   .layer = WTL_LAYER_DEVICE,
                                                   .link_class = WTL__CLASS_LAN,
                                                   .beat_ms = BEAT_MS},
                                         .dialled = true,
                                         .peer = *peer};
    (void)snprintf(config.hello.name, sizeof config.hello.name, "%s", node->name);
    memcpy(config.hello.binding, binding, sizeof config.hello.binding);
    const struct wtl__hello honest = config.hello;
    if (intruder->lie == LIE_NAME) {
        (void)snprintf(config.hello.name, sizeof config.hello.name, "%s", victim->name);
    } else if (intruder->lie == LIE_NODE) {
        config.hello.node = victim->id;
    } else if (intruder->lie == LIE_LAYER) {
        config.hello.layer = WTL_LAYER_EDGE;
    } else if (intruder->lie == LIE_BINDING) {
        config.hello.binding[31] ^= 1;
    }
    wtl__session_init(&intruder->session, &config, node->world->now_ms);
    /* the lie is on its way; this side must not stumble over it itself */
    intruder->session.config.hello = honest;
    intruder->open = true;
    intruder->until_ms = node->world->now_ms + VERDICT_MS;
    return 1;
}

/* Some actor of that node: its first talker. */
static struct wtl_pid actor_of(const struct sim_node *node)
{
    for (uint32_t slot = 0; node->alive && slot < wtl__cells_used(&node->step.runtime.cells);
         slot++) {
        uint64_t local = wtl__cell_now(wtl__cells_at(&node->step.runtime.cells, slot));
        if (local != 0) {
            return (struct wtl_pid){.node = node->id, .local = local};
        }
    }
    return (struct wtl_pid){.node = node->id, .local = 1u << WTL_PID_SLOT_BITS};
}

static void say_open(struct intruder *intruder, uint64_t source)
{
    uint8_t frame[64];
    struct wtl__open open = {.handle = 1,
                             .hops_left = 8,
                             .source = source,
                             .destination = intruder->target_id,
                             .session = 77,
                             .number = 1,
                             .route = 1};
    wtl__session_send(&intruder->session, frame, wtl__put_open(frame, sizeof frame, &open));
}

static void say_mail(struct intruder *intruder, uint16_t handle, enum wtl__kind kind)
{
    uint8_t frame[128];
    struct wtl__mail mail = {.kind = (uint8_t)kind,
                             .to = actor_of(intruder->target).local,
                             .from = actor_of(intruder->victim).local,
                             .tag = WTL_TAG("number")};
    if (kind == WTL__EXIT_SEND) {
        mail.flags = (uint8_t)(WTL_EXIT_KILL << WTL__CLASS_SHIFT);
    }
    size_t size = 2 + wtl__put_mail(frame + WTL__DATA_HEAD, &mail);
    wtl__frame_head(frame, WTL__FRAME_DATA, WTL__FRAME_FIRST | WTL__FRAME_LAST, size);
    wtl__store_u16(frame + WTL__FRAME_HEAD, handle);
    wtl__session_send(&intruder->session, frame, WTL__FRAME_HEAD + size);
}

static void say_ack(struct intruder *intruder, enum wtl__frame_type type)
{
    uint8_t frame[64];
    struct wtl__ack ack = {.source = intruder->target_id,
                           .destination = intruder->victim->id,
                           .session = 77,
                           .number = 1,
                           .credit = 1,
                           .hops_left = 8};
    wtl__session_send(&intruder->session, frame, wtl__put_ack(frame, sizeof frame, type, &ack));
}

static void say_names(struct intruder *intruder, uint64_t source, enum wtl__names_verb verb)
{
    uint8_t frame[512];
    struct wtl_pid pid = actor_of(intruder->victim);
    struct wtl__names_frame names = {.source = source,
                                     .destination = intruder->target_id,
                                     .hops_left = 8,
                                     .verb = (uint8_t)verb,
                                     .request = 1,
                                     .view = 1,
                                     .epoch = 1,
                                     .pid = pid};
    (void)snprintf(names.name, sizeof names.name, "talker.%.40s", intruder->victim->name);
    wtl__session_send(&intruder->session, frame, wtl__put_names(frame, sizeof frame, &names));
}

/* A word about a node, in the name of `source`. */
static void say_word(struct intruder *intruder, uint64_t source, enum wtl__names_verb verb)
{
    uint8_t frame[512];
    bool leaves = verb == WTL__NAMES_FAREWELL;
    struct wtl__names_frame names = {
        .source = source,
        .destination = intruder->target_id,
        .hops_left = 8,
        .verb = (uint8_t)verb,
        .request = leaves ? 0 : 1000,
        .pid = {.node = leaves ? intruder->victim->id : 0, .local = 0}};
    wtl__session_send(&intruder->session, frame, wtl__put_names(frame, sizeof frame, &names));
}

static void say_roster(struct intruder *intruder)
{
    static struct wtl__roster roster;
    uint8_t frame[512];
    roster.count = 1;
    roster.entries[0] = (struct wtl__roster_entry){.node = intruder->victim->id,
                                                   .layer = (uint8_t)intruder->victim->layer};
    (void)snprintf(roster.entries[0].name, sizeof roster.entries[0].name, "%s",
                   intruder->victim->name);
    wtl__session_send(&intruder->session, frame, wtl__put_roster(frame, sizeof frame, &roster));
}

static void say_attach(struct intruder *intruder, const struct sim_node *leaf, const char *proof)
{
    uint8_t frame[512];
    struct wtl__attach attach = {.leaf = leaf->id,
                                 .uplink = intruder->target_id,
                                 .number = 1000,
                                 .expiry_s = world_wall(leaf->world) + 300,
                                 .layer = WTL_LAYER_DEVICE,
                                 .proof = (const uint8_t *)proof,
                                 .proof_size = (uint32_t)strlen(proof)};
    (void)snprintf(attach.name, sizeof attach.name, "%s", leaf->name);
    wtl__session_send(&intruder->session, frame, wtl__put_attach(frame, sizeof frame, &attach));
}

static void say_detach(struct intruder *intruder)
{
    uint8_t frame[64];
    struct wtl__detach detach = {
        .leaf = intruder->victim->id, .uplink = intruder->target_id, .number = 1u << 20};
    wtl__session_send(&intruder->session, frame, wtl__put_detach(frame, sizeof frame, &detach));
}

static void lie(struct sim_node *node)
{
    struct intruder *intruder = node->intruder;
    switch (intruder->lie) {
    case LIE_OPEN:
        say_open(intruder, intruder->victim->id);
        say_mail(intruder, 1, WTL__MESSAGE);
        break;
    case LIE_ACK:
        say_ack(intruder, WTL__FRAME_ACK);
        break;
    case LIE_RESET:
        say_ack(intruder, WTL__FRAME_RESET);
        break;
    case LIE_REGISTER:
        say_names(intruder, intruder->victim->id, WTL__NAMES_REGISTER);
        break;
    case LIE_DROP:
        say_names(intruder, node->id, WTL__NAMES_DROP);
        break;
    case LIE_CLAIM:
        say_names(intruder, node->id, WTL__NAMES_CLAIM);
        break;
    case LIE_STATE:
        say_names(intruder, node->id, WTL__NAMES_STATE);
        break;
    case LIE_FAREWELL:
        say_word(intruder, node->id, WTL__NAMES_FAREWELL);
        break;
    case LIE_PARTED:
        say_word(intruder, intruder->victim->id, WTL__NAMES_PARTED);
        break;
    case LIE_ROSTER:
        say_roster(intruder);
        break;
    case LIE_ATTACH:
        say_attach(intruder, intruder->victim, "sim-proof");
        break;
    case LIE_PROOF:
        say_attach(intruder, node, "no-proof");
        break;
    case LIE_DETACH:
        say_detach(intruder);
        break;
    case LIE_KILL:
        say_open(intruder, node->id);
        say_mail(intruder, 1, WTL__EXIT_SEND);
        break;
    case LIE_GENERATION:
        say_mail(intruder, 9, WTL__MESSAGE);
        break;
    default:
        break; /* told in the hello */
    }
}

/* ---- its end of a connection ---------------------------------------------------------------- */

size_t intruder_fill(struct sim_node *node, uint8_t *out, size_t capacity)
{
    return wtl__session_fill(&node->intruder->session, out, capacity);
}

static enum wtl_status on_frame(void *context, const struct wtl__frame *frame)
{
    (void)context;
    (void)frame;
    return WTL_OK;
}

static bool in_hello(const struct intruder *intruder)
{
    return intruder->lie <= LIE_BINDING;
}

void intruder_bytes(struct sim_node *node, const uint8_t *bytes, size_t size)
{
    struct intruder *intruder = node->intruder;
    uint64_t now_ms = node->world->now_ms;
    wtl__session_bytes(&intruder->session, bytes, size, now_ms, on_frame, intruder);
    if (intruder->session.state == WTL__SESSION_UP && !intruder->lied) {
        intruder->lied = true;
        intruder->until_ms = now_ms + VERDICT_MS;
        lie(node);
    }
    wire_writable(node, 1);
}

/* The attack is over: has the target done what it must? */
static void judge(struct sim_node *node, enum wtl_status came)
{
    struct intruder *intruder = node->intruder;
    struct sim_node *target = intruder->target;
    const struct rule *rule = &rules[intruder->lie];
    bool tried = intruder->lied || in_hello(intruder);
    bool excused = !target->alive || target->id != intruder->target_id || !intruder->open ||
                   (came == WTL_CLOSED && rule->status != WTL_OK && !intruder->lied);
    intruder->target = NULL;
    if (tried && !excused && came != rule->status) {
        violation(node->world, INV_AUTHENTICATED, target, intruder->victim,
                  "expected %s over a link of mallory to end it as \"%s\"; it ended as \"%s\"",
                  rule->text, wtl_status_word(rule->status), wtl_status_word(came));
    }
    if (in_hello(intruder) && intruder->lied && !excused) {
        violation(node->world, INV_AUTHENTICATED, target, intruder->victim,
                  "expected %s to be refused; the link came up", rule->text);
    }
}

void intruder_closed(struct sim_node *node)
{
    struct intruder *intruder = node->intruder;
    enum wtl_status came = WTL_CLOSED;
    if (intruder->open && intruder->session.state == WTL__SESSION_CLOSED) {
        came = intruder->session.status;
    }
    if (intruder->target != NULL) {
        judge(node, came);
    }
    if (intruder->open) {
        wtl__session_deinit(&intruder->session);
        intruder->open = false;
    }
}

void intruder_tick(struct world *world)
{
    struct sim_node *node = self(world);
    struct intruder *intruder = node->intruder;
    if (intruder == NULL || intruder->target == NULL || world->now_ms < intruder->until_ms) {
        return;
    }
    struct sim_node *target = intruder->target;
    if (intruder->open) {
        judge(node, WTL_OK); /* its link stands */
    }
    intruder->target = NULL;
    world_break(world, node, target);
}

uint64_t intruder_next_ms(const struct world *world)
{
    const struct intruder *intruder = world->nodes[NODES_MAX - 1].intruder;
    return intruder == NULL || intruder->target == NULL ? UINT64_MAX : intruder->until_ms;
}
