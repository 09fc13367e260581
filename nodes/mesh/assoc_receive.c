/* assoc_receive.c - the receiving half of an association. See assoc.h. */
#include "mesh/assoc.h"

#include "base/scan.h"
#include "wire/bytes.h"

_Static_assert(WTL__KIND_LAST_WIRE == 12 && WTL__REPLY == 3 && WTL__MESSAGE == 1,
               "the kinds on the wire are those of PROTOCOL.md");

void wtl__receiver_init(struct wtl__receiver *receiver, const struct wtl__open *open)
{
    *receiver = (struct wtl__receiver){.source = open->source,
                                       .destination = open->destination,
                                       .session = open->session,
                                       .expected = 1,
                                       .number = 1,
                                       .acked_number = 1};
}

static void abandon(struct wtl__receiver *receiver)
{
    if (receiver->in_message && !receiver->skipping) {
        wtl__message_drop(&receiver->incoming.building);
    }
    receiver->in_message = false;
    receiver->skipping = false;
}

void wtl__receiver_deinit(struct wtl__receiver *receiver)
{
    abandon(receiver);
}

enum wtl_status wtl__receiver_open(struct wtl__receiver *receiver, const struct wtl__open *open)
{
    if (open->route < receiver->route) {
        return WTL_STOP;
    }
    if (open->number > receiver->expected || open->number == 0) {
        return WTL_PROTOCOL;
    }
    receiver->route = open->route;
    abandon(receiver); /* the pieces that were under way on another route come again */
    receiver->number = open->number;
    return WTL_OK;
}

static void deliver(const struct wtl__receiver *receiver, struct wtl__incoming *incoming,
                    wtl__on_mail on_mail, void *context)
{
    const struct wtl__mail *mail = &incoming->mail;
    struct wtl__envelope *envelope =
        wtl__message_take(&incoming->building, (enum wtl__kind)mail->kind);
    if (envelope == NULL) {
        return;
    }
    envelope->msg.tag = mail->tag;
    envelope->msg.request = mail->request;
    envelope->msg.flags_ = mail->flags;
    if (mail->has_left) {
        uint32_t left_ms = mail->left_ms < WTL__UNTIL_MAX_MS ? mail->left_ms : WTL__UNTIL_MAX_MS;
        wtl__until_put(envelope, incoming->started_ms + left_ms);
    }
    if (mail->from != 0) {
        envelope->msg.from = (struct wtl_pid){.node = receiver->source, .local = mail->from};
    }
    on_mail(context, mail->to, envelope);
}

/* The last piece is here. */
static enum wtl_status finish(struct wtl__receiver *receiver, struct wtl__incoming *incoming,
                              uint64_t now_ms, wtl__on_mail on_mail, void *context)
{
    enum wtl_status status = WTL_OK;
    size_t size = wtl_written(&incoming->building);
    struct wtl_scan_limits limits = WTL_SCAN_BODY;
    receiver->number++;
    if (incoming->building.failed) {
        wtl__message_drop(&incoming->building);
        return WTL_NO_MEMORY;
    }
    if (size != incoming->mail.body_size) {
        wtl__message_drop(&incoming->building);
        return WTL_PROTOCOL;
    }
    receiver->expected++;
    receiver->bytes += WTL__MAIL_HEAD_MAX + size;
    if (receiver->ack_due_ms == 0) {
        receiver->ack_due_ms = now_ms + WTL__ACK_MS;
    }
    if (wtl_scan(incoming->building.begin, size, &limits) != WTL_OK) {
        wtl__message_drop(&incoming->building);
        status = WTL_BAD_PAYLOAD;
    } else {
        deliver(receiver, incoming, on_mail, context);
    }
    return status;
}

/* The begin of a message: its head is whole in the first piece. */
static enum wtl_status start(struct wtl__incoming *incoming, const uint8_t **piece, size_t *size,
                             uint64_t now_ms)
{
    size_t used = 0;
    if (wtl__get_mail(*piece, *size, &incoming->mail, &used) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    incoming->started_ms = now_ms;
    *piece += used;
    *size -= used;
    /* memory grows with what comes, not with what was claimed */
    size_t room = incoming->mail.body_size < *size ? incoming->mail.body_size : *size;
    return wtl__message_open(&incoming->building, room) ? WTL_OK : WTL_NO_MEMORY;
}

static enum wtl_status add(struct wtl__incoming *incoming, const uint8_t *piece, size_t size)
{
    if (wtl_written(&incoming->building) + size > incoming->mail.body_size) {
        return WTL_PROTOCOL;
    }
    if (size > 0) {
        wtl_put_raw(&incoming->building, piece, size);
    }
    return WTL_OK;
}

/* A whole message between the pieces of another one. */
static enum wtl_status on_aside(struct wtl__receiver *receiver, const uint8_t *piece, size_t size,
                                uint64_t now_ms, wtl__on_mail on_mail, void *context)
{
    struct wtl__incoming aside;
    if (receiver->skipping) {
        return WTL_PROTOCOL; /* what goes again goes alone: it has its number */
    }
    enum wtl_status status = start(&aside, &piece, &size, now_ms);
    if (status != WTL_OK) {
        return status;
    }
    status = add(&aside, piece, size);
    if (status != WTL_OK) {
        wtl__message_drop(&aside.building);
        return status;
    }
    return finish(receiver, &aside, now_ms, on_mail, context);
}

static enum wtl_status on_first(struct wtl__receiver *receiver, const uint8_t **piece, size_t *size,
                                uint64_t now_ms)
{
    enum wtl_status status = WTL_OK;
    if (receiver->in_message) {
        return WTL_PROTOCOL;
    }
    receiver->skipping = receiver->number < receiver->expected;
    if (!receiver->skipping) {
        status = start(&receiver->incoming, piece, size, now_ms);
    }
    receiver->in_message = status == WTL_OK;
    return status;
}

static enum wtl_status on_last(struct wtl__receiver *receiver, uint64_t now_ms,
                               wtl__on_mail on_mail, void *context)
{
    receiver->in_message = false;
    if (!receiver->skipping) {
        return finish(receiver, &receiver->incoming, now_ms, on_mail, context);
    }
    receiver->skipping = false;
    receiver->number++;
    receiver->duplicates++;
    receiver->ack_due_ms = now_ms; /* the sender does not know that it was delivered */
    return WTL_OK;
}

enum wtl_status wtl__receiver_data(struct wtl__receiver *receiver, const struct wtl__frame *frame,
                                   uint64_t now_ms, wtl__on_mail on_mail, void *context)
{
    const uint8_t *piece = frame->payload + 2;
    size_t size = frame->size - 2;
    bool first = (frame->flags & WTL__FRAME_FIRST) != 0;
    bool last = (frame->flags & WTL__FRAME_LAST) != 0;
    if (first && last && receiver->in_message) {
        return on_aside(receiver, piece, size, now_ms, on_mail, context);
    }
    if (first) {
        enum wtl_status status = on_first(receiver, &piece, &size, now_ms);
        if (status != WTL_OK) {
            return status;
        }
    } else if (!receiver->in_message || size == 0) {
        return WTL_PROTOCOL;
    }
    if (!receiver->skipping && add(&receiver->incoming, piece, size) != WTL_OK) {
        abandon(receiver);
        return WTL_PROTOCOL;
    }
    return last ? on_last(receiver, now_ms, on_mail, context) : WTL_OK;
}

bool wtl__receiver_ack(struct wtl__receiver *receiver, uint64_t now_ms, bool force,
                       struct wtl__ack *ack_out)
{
    bool due = force || (receiver->ack_due_ms != 0 && now_ms >= receiver->ack_due_ms) ||
               receiver->bytes - receiver->acked_bytes >= WTL__ACK_BYTES ||
               receiver->expected - receiver->acked_number >= WTL__ACK_MESSAGES;
    if (!due) {
        return false;
    }
    receiver->ack_due_ms = 0;
    receiver->acked_bytes = receiver->bytes;
    receiver->acked_number = receiver->expected;
    *ack_out = (struct wtl__ack){.source = receiver->source,
                                 .destination = receiver->destination,
                                 .session = receiver->session,
                                 .number = receiver->expected,
                                 .credit = receiver->bytes + WTL__WINDOW,
                                 .hops_left = 8};
    return true;
}
