/*
 * model_mail.c - every mail that a node has sent to an actor of another one, in its order, and what
 * has become of it. A mail is known by a hash of all that its receiver sees of it. See model.h.
 */
#include <stdlib.h>

#include "base/attr.h"
#include "model_private.h"

enum fate { DELIVERED = 1, REFUSED = 2, DENIED = 4 };

struct mail {
    uint64_t hash;
    uint8_t kind;
    uint8_t fate;
};

struct stream {
    uint64_t source, destination;
    struct mail *mails;
    uint32_t count, capacity;
    uint32_t next; /* those before it are delivered, or passed over */
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t hash_of(uint64_t to_local, const struct wtl__envelope *envelope)
{
    const struct wtl_msg *msg = &envelope->msg;
    uint64_t hash = mix(msg->kind_, to_local);
    hash = mix(hash, msg->from.local);
    hash = mix(hash, msg->request);
    hash = mix(mix(hash, msg->tag.word[0]), msg->tag.word[1]);
    hash = mix(hash, msg->flags_ & WTL__MAIL_FLAGS);
    uint32_t size = msg->bytes != NULL ? msg->size : 0;
    hash = mix(hash, size);
    for (uint32_t i = 0; i < size; i += 8) {
        uint64_t word = 0;
        memcpy(&word, msg->bytes + i, size - i < 8 ? size - i : 8);
        hash = mix(hash, word);
    }
    return hash;
}

/* Each actor hears another node in one stream; those to several actors may overtake each other. */
static uint64_t key_of(struct wtl_pid to)
{
    return mix(mix(0, to.node), to.local);
}

static struct stream *stream_of(struct model *model, uint64_t source, struct wtl_pid to)
{
    return wtl__map_get(&model->streams, source, key_of(to));
}

static struct stream *stream_make(struct model *model, uint64_t source, struct wtl_pid to)
{
    struct stream *stream = stream_of(model, source, to);
    if (stream == NULL) {
        stream = calloc(1, sizeof *stream);
        WTL_ASSERT(stream != NULL);
        *stream = (struct stream){.source = source, .destination = to.node};
        enum wtl_status status = wtl__map_put(&model->streams, source, key_of(to), stream);
        WTL_ASSERT(status == WTL_OK);
    }
    return stream;
}

void model_sent(struct sim_node *node, struct wtl_pid to, const struct wtl__envelope *envelope)
{
    struct stream *stream = stream_make(node->world->model, node->id, to);
    if (stream->count == stream->capacity) {
        stream->capacity = stream->capacity == 0 ? 64 : stream->capacity * 2;
        stream->mails = realloc(stream->mails, stream->capacity * sizeof *stream->mails);
        WTL_ASSERT(stream->mails != NULL);
    }
    /* the table of layer and verb: a device ends nobody elsewhere */
    bool denied = node->layer == WTL_LAYER_DEVICE && envelope->msg.kind_ == (uint8_t)WTL__EXIT_SEND;
    stream->mails[stream->count++] = (struct mail){.hash = hash_of(to.local, envelope),
                                                   .kind = envelope->msg.kind_,
                                                   .fate = denied ? DENIED : 0};
}

/* ---- refused -------------------------------------------------------------------------------- */

/* Which one: the oldest that is still under way, or one that has been delivered and was not known
 * to be. */
static struct mail *find_refused(struct stream *stream, uint64_t hash)
{
    for (uint32_t i = stream->next; i < stream->count; i++) {
        struct mail *mail = &stream->mails[i];
        if (mail->hash == hash && (mail->fate & (DELIVERED | REFUSED)) == 0) {
            return mail;
        }
    }
    for (uint32_t i = stream->next; i-- > 0;) {
        struct mail *mail = &stream->mails[i];
        if (mail->hash == hash && (mail->fate & REFUSED) == 0) {
            return mail;
        }
    }
    return NULL;
}

void model_refused(struct sim_node *node, struct wtl_pid to, const struct wtl__envelope *envelope)
{
    struct world *world = node->world;
    const struct sim_node *other = world_node(world, to.node);
    struct stream *stream = stream_of(world->model, node->id, to);
    struct mail *mail = stream != NULL ? find_refused(stream, hash_of(to.local, envelope)) : NULL;
    if (mail == NULL) {
        violation(
            world, INV_ORDER, node, other,
            "expected to be given back mail that was sent, once; came kind %u to %lx that was "
            "not, or was given back before",
            envelope->msg.kind_, (unsigned long)to.local);
        return;
    }
    mail->fate |= REFUSED;
    if (envelope->msg.kind_ == (uint8_t)WTL__MONITOR) {
        model_monitor_refused(node, envelope->msg.request);
    }
    const struct view *view =
        other != NULL ? &world->model->views[world_index(node)][world_index(other)] : NULL;
    if (view != NULL && other->alive && other->id == to.node && view->up && view->id == to.node &&
        world->loss_ms + HEARSAY_MS < view->up_ms) {
        violation(world, INV_DOWN_SOUND, node, other,
                  "expected mail to a node that is up, and no link lost since, to arrive; kind %u "
                  "was refused",
                  envelope->msg.kind_);
    }
}

/* ---- delivered ------------------------------------------------------------------------------ */

/* Nothing under way is it: what is it then? */
static void judge_unknown(struct sim_node *node, const struct sim_node *source,
                          const struct stream *stream, const struct wtl__envelope *envelope,
                          uint64_t hash)
{
    for (uint32_t i = stream->next; i-- > 0;) {
        if (stream->mails[i].hash != hash) {
            continue;
        }
        bool twice = (stream->mails[i].fate & DELIVERED) != 0;
        violation(node->world, twice ? INV_ONCE : INV_ORDER, node, source,
                  "expected mail %u or a later one; came mail %u (kind %u) %s", stream->next + 1,
                  i + 1, envelope->msg.kind_, twice ? "again" : "after later ones");
        return;
    }
    violation(node->world, INV_AUTHENTICATED, node, source,
              "expected mail %u of %u that were sent; came kind %u of %u bytes that was never sent",
              stream->next + 1, stream->count, envelope->msg.kind_, envelope->msg.size);
}

/* Which of those not yet delivered it is. Two may look the same (a link, taken back, made again):
 * then it is the one that is due, or else one that was given up while it was on its way, or else
 * one that has overtaken others. Returns stream->count when it is none. */
static uint32_t find_delivered(const struct stream *stream, uint64_t hash)
{
    uint32_t given_up = stream->count;
    uint32_t early = stream->count;
    bool overtakes = false;
    for (uint32_t i = stream->next; i < stream->count; i++) {
        const struct mail *mail = &stream->mails[i];
        bool refused = (mail->fate & REFUSED) != 0;
        bool same = mail->hash == hash;
        if (same && !refused && !overtakes) {
            return i;
        }
        given_up = same && refused && given_up == stream->count ? i : given_up;
        early = same && !refused && early == stream->count ? i : early;
        overtakes |= mail->fate == 0;
    }
    return given_up < stream->count ? given_up : early;
}

static void match(struct sim_node *node, const struct sim_node *source, struct stream *stream,
                  uint64_t to_local, const struct wtl__envelope *envelope)
{
    uint64_t hash = hash_of(to_local, envelope);
    uint32_t at = find_delivered(stream, hash);
    if (at == stream->count) {
        judge_unknown(node, source, stream, envelope, hash);
        return;
    }
    struct mail *mail = &stream->mails[at];
    if ((mail->fate & DENIED) != 0) {
        violation(node->world, INV_AUTHENTICATED, node, source,
                  "expected kind %u of a device to be denied; mail %u was delivered", mail->kind,
                  at + 1);
    }
    for (uint32_t i = stream->next; i < at; i++) {
        if (stream->mails[i].fate == 0) {
            violation(node->world, INV_ORDER, node, source,
                      "expected mail %u (kind %u), which nobody was told is lost; came mail %u",
                      i + 1, stream->mails[i].kind, at + 1);
            break;
        }
    }
    mail->fate |= DELIVERED;
    stream->next = at + 1;
}

void model_delivered(struct sim_node *node, uint64_t to_local, const struct wtl__envelope *envelope)
{
    struct world *world = node->world;
    struct wtl_pid from = envelope->msg.from;
    const struct sim_node *source = world_node(world, from.node);
    if (source == NULL || source->intruder != NULL) {
        violation(world, INV_AUTHENTICATED, node, source,
                  "expected mail of an actor of the mesh; came kind %u from %lx.%lx",
                  envelope->msg.kind_, (unsigned long)from.node, (unsigned long)from.local);
        return;
    }
    model_check_speaker(node, from.node);
    struct wtl_pid to = {.node = node->id, .local = to_local};
    struct stream *stream = stream_of(world->model, from.node, to);
    if (stream == NULL) {
        violation(world, INV_AUTHENTICATED, node, source,
                  "expected nothing, because nothing was sent; came kind %u of %u bytes",
                  envelope->msg.kind_, envelope->msg.size);
        return;
    }
    match(node, source, stream, to_local, envelope);
}

/* ---- the end -------------------------------------------------------------------------------- */

void model_check_mail(struct world *world)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_next(&world->model->streams, &cursor, &entry)) {
        const struct stream *stream = entry.value;
        const struct sim_node *source = world_node(world, stream->source);
        const struct sim_node *to = world_node(world, stream->destination);
        if (source == NULL || !source->alive || source->id != stream->source) {
            continue; /* who might have been told has gone, too */
        }
        for (uint32_t i = 0; i < stream->count; i++) {
            const struct mail *mail = &stream->mails[i];
            bool gone = to == NULL || to->id != stream->destination;
            if (mail->fate == 0) {
                violation(world, INV_CONSERVED, source, to,
                          "expected mail %u of %u (kind %u) to be delivered, or given back; %s",
                          i + 1, stream->count, mail->kind,
                          gone ? "its node is gone, and nothing came" : "neither has happened");
                break;
            }
        }
    }
}

void model_mail_deinit(struct model *model)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_take_any(&model->streams, &cursor, &entry)) {
        struct stream *stream = entry.value;
        free(stream->mails);
        free(stream);
    }
    wtl__map_deinit(&model->streams);
}
