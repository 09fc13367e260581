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
        wtl__message_drop(&receiver->building);
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

static void deliver(struct wtl__receiver *receiver, wtl__on_mail on_mail, void *context)
{
    const struct wtl__mail *mail = &receiver->mail;
    struct wtl__envelope *envelope =
        wtl__message_take(&receiver->building, (enum wtl__kind)mail->kind);
    if (envelope == NULL) {
        return;
    }
    envelope->msg.tag = mail->tag;
    envelope->msg.request = mail->request;
    envelope->msg.flags_ = mail->flags;
    if (mail->has_left) {
        uint32_t left_ms = mail->left_ms < WTL__UNTIL_MAX_MS ? mail->left_ms : WTL__UNTIL_MAX_MS;
        wtl__until_put(envelope, receiver->started_ms + left_ms);
    }
    if (mail->from != 0) {
        envelope->msg.from = (struct wtl_pid){.node = receiver->source, .local = mail->from};
    }
    on_mail(context, mail->to, envelope);
}

/* The last piece is here. */
static enum wtl_status finish(struct wtl__receiver *receiver, uint64_t now_ms, wtl__on_mail on_mail,
                              void *context)
{
    enum wtl_status status = WTL_OK;
    receiver->in_message = false;
    receiver->number++;
    if (receiver->skipping) {
        receiver->skipping = false;
        receiver->duplicates++;
        receiver->ack_due_ms = now_ms; /* the sender does not know that it was delivered */
        return WTL_OK;
    }
    size_t size = wtl_written(&receiver->building);
    struct wtl_scan_limits limits = WTL_SCAN_BODY;
    if (receiver->building.failed) {
        wtl__message_drop(&receiver->building);
        return WTL_NO_MEMORY;
    }
    if (size != receiver->mail.body_size) {
        wtl__message_drop(&receiver->building);
        return WTL_PROTOCOL;
    }
    receiver->expected++;
    receiver->bytes += WTL__MAIL_HEAD_MAX + size;
    if (receiver->ack_due_ms == 0) {
        receiver->ack_due_ms = now_ms + WTL__ACK_MS;
    }
    if (wtl_scan(receiver->building.begin, size, &limits) != WTL_OK) {
        wtl__message_drop(&receiver->building);
        status = WTL_BAD_PAYLOAD;
    } else {
        deliver(receiver, on_mail, context);
    }
    return status;
}

/* The begin of a message: its head is whole in the first piece. */
static enum wtl_status start(struct wtl__receiver *receiver, const uint8_t **piece, size_t *size,
                             uint64_t now_ms)
{
    size_t used = 0;
    if (receiver->in_message) {
        return WTL_PROTOCOL;
    }
    receiver->in_message = true;
    receiver->started_ms = now_ms;
    receiver->skipping = receiver->number < receiver->expected;
    if (receiver->skipping) {
        return WTL_OK;
    }
    if (wtl__get_mail(*piece, *size, &receiver->mail, &used) != WTL_OK) {
        receiver->in_message = false;
        return WTL_PROTOCOL;
    }
    *piece += used;
    *size -= used;
    /* memory grows with what comes, not with what was claimed */
    size_t room = receiver->mail.body_size < *size ? receiver->mail.body_size : *size;
    if (!wtl__message_open(&receiver->building, room)) {
        receiver->in_message = false;
        return WTL_NO_MEMORY;
    }
    return WTL_OK;
}

enum wtl_status wtl__receiver_data(struct wtl__receiver *receiver, const struct wtl__frame *frame,
                                   uint64_t now_ms, wtl__on_mail on_mail, void *context)
{
    const uint8_t *piece = frame->payload + 2;
    size_t size = frame->size - 2;
    if ((frame->flags & WTL__FRAME_FIRST) != 0) {
        enum wtl_status status = start(receiver, &piece, &size, now_ms);
        if (status != WTL_OK) {
            return status;
        }
    } else if (!receiver->in_message || size == 0) {
        return WTL_PROTOCOL;
    }
    if (!receiver->skipping) {
        if (wtl_written(&receiver->building) + size > receiver->mail.body_size) {
            abandon(receiver);
            return WTL_PROTOCOL;
        }
        if (size > 0) {
            wtl_put_raw(&receiver->building, piece, size);
        }
    }
    return (frame->flags & WTL__FRAME_LAST) != 0 ? finish(receiver, now_ms, on_mail, context)
                                                 : WTL_OK;
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
