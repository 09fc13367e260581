/* test_assoc.c - associations: order, pieces, credit, acknowledgement, resume on another route. */
#include <criterion/criterion.h>

#include "base/prng.h"
#include "mesh/assoc.h"
#include "wire/bytes.h"

struct sink {
    uint64_t next; /* the request number that must come */
    uint64_t count;
    uint64_t bytes;
};

static void on_mail(void *context, uint64_t to, struct wtl__envelope *envelope)
{
    struct sink *sink = context;
    cr_assert_eq(to, 42);
    cr_assert_eq(envelope->msg.from.node, 1);
    cr_assert_eq(envelope->msg.from.local, 7);
    struct wtl_reader reader = wtl_read(&envelope->msg);
    size_t size;
    cr_assert_eq(wtl_get_array(&reader), 2);
    uint64_t number = wtl_get_u64(&reader);
    (void)wtl_get_bin(&reader, &size);
    cr_assert(!reader.failed);
    cr_assert_eq(number, sink->next, "in order, each once");
    sink->next++;
    sink->count++;
    sink->bytes += size;
    wtl__envelope_free(envelope);
}

static struct wtl__envelope *make(uint64_t number, size_t size)
{
    static uint8_t filler[300000];
    struct wtl_writer writer;
    cr_assert(wtl__message_open(&writer, size + 32));
    wtl_put_array(&writer, 2);
    wtl_put_u64(&writer, number);
    wtl_put_bin(&writer, filler, size);
    struct wtl__envelope *envelope = wtl__message_take(&writer, WTL__MESSAGE);
    envelope->msg.tag = WTL_TAG("reading");
    envelope->msg.from = (struct wtl_pid){.node = 42, .local = 7}; /* to.local, from.local */
    return envelope;
}

/* Gives the frames in `bytes` to the receiver, as a link would. */
static enum wtl_status receive(struct wtl__receiver *receiver, bool *known, const uint8_t *bytes,
                               size_t size, struct sink *sink)
{
    enum wtl_status status = WTL_OK;
    while (size > 0 && status == WTL_OK) {
        struct wtl__frame frame;
        struct wtl__open open;
        size_t used;
        cr_assert_eq(wtl__frame_next(bytes, size, &frame, &used), WTL_OK);
        if (frame.type == WTL__FRAME_OPEN) {
            cr_assert_eq(wtl__get_open(&frame, &open), WTL_OK);
            if (!*known) {
                wtl__receiver_init(receiver, &open);
                *known = true;
            }
            status = wtl__receiver_open(receiver, &open);
        } else {
            status = wtl__receiver_data(receiver, &frame, 1, on_mail, sink);
        }
        bytes += used;
        size -= used;
    }
    return status;
}

static void free_list(struct wtl__envelope *envelope)
{
    while (envelope != NULL) {
        struct wtl__envelope *next = envelope->next;
        wtl__envelope_free(envelope);
        envelope = next;
    }
}

Test(assoc, X016_messages_of_all_sizes_arrive_whole_and_in_order)
{
    struct wtl__sender sender;
    struct wtl__receiver receiver;
    struct sink sink = {0};
    bool known = false;
    uint8_t record[WTL__FRAME_MAX];
    wtl__sender_init(&sender, 1, 2, 99);
    static const size_t sizes[] = {0, 1, 60, 1000, 16000, 16384, 40000, 300000};
    for (uint64_t i = 0; i < 200; i++) {
        wtl__sender_push(&sender, make(i, sizes[i % 8]));
    }
    cr_assert(!wtl__sender_wants(&sender), "without a route nothing goes");
    wtl__sender_route(&sender, 5);
    for (unsigned round = 0; sink.count < 200; round++) {
        size_t capacity = round % 3 == 0 ? 300 : sizeof record;
        size_t size = wtl__sender_fill(&sender, record, capacity, 1);
        cr_assert_leq(size, capacity);
        cr_assert_eq(receive(&receiver, &known, record, size, &sink), WTL_OK);
        struct wtl__ack ack;
        if (wtl__receiver_ack(&receiver, 1, size == 0, &ack)) {
            cr_assert_eq(wtl__sender_ack(&sender, &ack), WTL_OK);
        }
    }
    struct wtl__ack ack;
    cr_assert(wtl__receiver_ack(&receiver, 1, true, &ack));
    cr_assert_eq(wtl__sender_ack(&sender, &ack), WTL_OK);
    cr_assert_null(sender.unacked);
    cr_assert_eq(sender.waiting_bytes, 0);
    wtl__receiver_deinit(&receiver);
}

Test(assoc, D06_credit_holds_the_sender_and_the_ack_releases_it)
{
    struct wtl__sender sender;
    struct wtl__receiver receiver;
    struct sink sink = {0};
    bool known = false;
    uint8_t record[WTL__FRAME_MAX];
    wtl__sender_init(&sender, 1, 2, 99);
    wtl__sender_route(&sender, 1);
    for (uint64_t i = 0; i < 1000; i++) {
        wtl__sender_push(&sender, make(i, 10000));
    }
    size_t wire = 0;
    for (size_t size; (size = wtl__sender_fill(&sender, record, sizeof record, 1)) > 0;) {
        wire += size;
        cr_assert_eq(receive(&receiver, &known, record, size, &sink), WTL_OK);
    }
    cr_assert_leq(sender.sent_bytes, WTL__WINDOW);
    cr_assert_geq(sender.sent_bytes, WTL__WINDOW - 10200);
    cr_assert(!wtl__sender_wants(&sender));
    uint64_t before = sink.count;
    struct wtl__ack ack;
    cr_assert(wtl__receiver_ack(&receiver, 1, true, &ack));
    cr_assert_eq(wtl__sender_ack(&sender, &ack), WTL_OK);
    cr_assert(wtl__sender_wants(&sender));
    size_t size = wtl__sender_fill(&sender, record, sizeof record, 1);
    cr_assert_eq(receive(&receiver, &known, record, size, &sink), WTL_OK);
    cr_assert_gt(sink.count, before);
    (void)wire;
    wtl__receiver_deinit(&receiver);
    free_list(wtl__sender_give_up(&sender));
}

/* Links break at any byte, acks are lost or late: every message arrives once and in order. */
Test(assoc, D17_resume_on_new_routes_loses_and_repeats_nothing)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct wtl__prng prng;
        struct wtl__sender sender;
        struct wtl__receiver receiver;
        struct sink sink = {0};
        bool known = false;
        uint8_t record[WTL__FRAME_MAX];
        uint64_t pushed = 0;
        wtl__prng_init(&prng, seed);
        wtl__sender_init(&sender, 1, 2, seed);
        while (sink.count < 100) {
            if (pushed < 100) {
                wtl__sender_push(&sender, make(pushed++, wtl__prng_below(&prng, 40000)));
            }
            if (!sender.routed || wtl__prng_below(&prng, 8) == 0) {
                wtl__sender_unroute(&sender);
                wtl__sender_route(&sender, (uint16_t)(1 + wtl__prng_below(&prng, 9)));
            }
            size_t capacity = 400 + wtl__prng_below(&prng, sizeof record - 400);
            size_t size = wtl__sender_fill(&sender, record, capacity, 1);
            if (wtl__prng_below(&prng, 10) == 0) { /* lost with its link */
                wtl__sender_unroute(&sender);
                continue;
            }
            cr_assert_eq(receive(&receiver, &known, record, size, &sink), WTL_OK, "seed %lu",
                         (unsigned long)seed);
            struct wtl__ack ack;
            if (known && wtl__prng_below(&prng, 2) == 0 &&
                wtl__receiver_ack(&receiver, 1, true, &ack) && wtl__prng_below(&prng, 4) != 0) {
                cr_assert_eq(wtl__sender_ack(&sender, &ack), WTL_OK);
            }
        }
        wtl__receiver_deinit(&receiver);
        free_list(wtl__sender_give_up(&sender));
    }
}

Test(assoc, X123_an_ack_of_what_was_never_sent_is_a_protocol_error)
{
    struct wtl__sender sender;
    wtl__sender_init(&sender, 1, 2, 99);
    struct wtl__ack ack = {.number = 2, .credit = WTL__WINDOW};
    cr_assert_eq(wtl__sender_ack(&sender, &ack), WTL_PROTOCOL);
    ack.number = 1;
    ack.credit = 5;
    cr_assert_eq(wtl__sender_ack(&sender, &ack), WTL_OK, "an old one says nothing new");
    cr_assert_eq(sender.credit, WTL__WINDOW);
}

static size_t data_frame(uint8_t *out, uint8_t flags, const void *piece, size_t size)
{
    wtl__frame_head(out, WTL__FRAME_DATA, flags, size + 2);
    wtl__store_u16(out + WTL__FRAME_HEAD, 1);
    memcpy(out + WTL__DATA_HEAD, piece, size);
    return WTL__DATA_HEAD + size;
}

Test(assoc, X016_pieces_that_do_not_fit_together_are_refused)
{
    struct wtl__mail mail = {.kind = WTL__MESSAGE, .to = 42, .from = 7, .body_size = 10};
    uint8_t head[WTL__MAIL_HEAD_MAX];
    size_t head_size = wtl__put_mail(head, &mail);
    uint8_t bytes[512];
    struct wtl__open open = {
        .handle = 1, .source = 1, .destination = 2, .session = 3, .number = 1, .route = 1};
    for (unsigned wrong = 0; wrong < 5; wrong++) {
        struct wtl__receiver receiver;
        struct sink sink = {0};
        bool known = true;
        size_t size = 0;
        wtl__receiver_init(&receiver, &open);
        cr_assert_eq(wtl__receiver_open(&receiver, &open), WTL_OK);
        switch (wrong) {
        case 0: /* the first one is missing */
            size = data_frame(bytes, WTL__FRAME_LAST, "0123456789", 10);
            break;
        case 1: /* a second begin */
            size = data_frame(bytes, WTL__FRAME_FIRST, head, head_size);
            size += data_frame(bytes + size, WTL__FRAME_FIRST, head, head_size);
            break;
        case 2: /* more than was claimed */
            size = data_frame(bytes, WTL__FRAME_FIRST, head, head_size);
            size += data_frame(bytes + size, 0, "0123456789a", 11);
            break;
        case 3: /* less than was claimed */
            size = data_frame(bytes, WTL__FRAME_FIRST, head, head_size);
            size += data_frame(bytes + size, WTL__FRAME_LAST, "01", 2);
            break;
        default: /* not even the head */
            size = data_frame(bytes, WTL__FRAME_FIRST, head, head_size - 1);
            break;
        }
        cr_assert_eq(receive(&receiver, &known, bytes, size, &sink), WTL_PROTOCOL, "case %u",
                     wrong);
        cr_assert_eq(sink.count, 0);
        wtl__receiver_deinit(&receiver);
    }
}

Test(assoc, X010_a_claimed_body_allocates_nothing_before_its_bytes_come)
{
    struct wtl__mail mail = {.kind = WTL__MESSAGE, .to = 42, .from = 7, .body_size = WTL_BODY_MAX};
    uint8_t head[WTL__MAIL_HEAD_MAX];
    uint8_t bytes[128];
    struct wtl__open open = {
        .handle = 1, .source = 1, .destination = 2, .session = 3, .number = 1, .route = 1};
    struct wtl__receiver receiver;
    struct sink sink = {0};
    bool known = true;
    wtl__receiver_init(&receiver, &open);
    size_t size = data_frame(bytes, WTL__FRAME_FIRST, head, wtl__put_mail(head, &mail));
    cr_assert_eq(receive(&receiver, &known, bytes, size, &sink), WTL_OK);
    cr_assert_lt(receiver.building.end - receiver.building.begin, 4096);
    wtl__receiver_deinit(&receiver);
}

Test(assoc, X013_a_body_that_is_no_msgpack_is_not_delivered)
{
    struct wtl__mail mail = {.kind = WTL__MESSAGE, .to = 42, .from = 7, .body_size = 5};
    uint8_t whole[WTL__MAIL_HEAD_MAX + 8];
    uint8_t bytes[160];
    struct wtl__open open = {
        .handle = 1, .source = 1, .destination = 2, .session = 3, .number = 1, .route = 1};
    struct wtl__receiver receiver;
    struct sink sink = {0};
    bool known = true;
    wtl__receiver_init(&receiver, &open);
    size_t size = wtl__put_mail(whole, &mail);
    memcpy(whole + size, "\xdd\x05\xf5\xe1\x00", 5); /* a bomb */
    size = data_frame(bytes, WTL__FRAME_FIRST | WTL__FRAME_LAST, whole, size + 5);
    cr_assert_eq(receive(&receiver, &known, bytes, size, &sink), WTL_BAD_PAYLOAD);
    cr_assert_eq(sink.count, 0);
    cr_assert_eq(receiver.expected, 2, "it counts as delivered");
    wtl__receiver_deinit(&receiver);
}

/* ---- the deadlines of calls ------------------------------------------------------------------ */

enum { AN_HOUR_MS = 3600000 };

static void keep_it(void *context, uint64_t to, struct wtl__envelope *envelope)
{
    (void)to;
    *(struct wtl__envelope **)context = envelope;
}

/* A call whose caller waits until `until_ms`, on its way at `sent_ms` and there at `here_ms` of a
 * machine with another clock, with a body of that size. */
static struct wtl__envelope *send_call(uint64_t until_ms, uint64_t sent_ms, uint64_t here_ms,
                                       size_t size)
{
    struct wtl__envelope *call = wtl__call_new();
    struct wtl__envelope *arrived = NULL;
    struct wtl__sender sender;
    struct wtl__receiver receiver;
    uint8_t record[WTL__FRAME_MAX];
    if (size > 0) {
        wtl__envelope_free(call);
        call = make(0, size);
        call->msg.kind_ = WTL__CALL;
    }
    call->msg.from = (struct wtl_pid){.node = 42, .local = 7};
    call->msg.request = 3;
    if (until_ms != 0) {
        wtl__until_put(call, until_ms);
    }
    wtl__sender_init(&sender, 1, 2, 99);
    wtl__sender_push(&sender, call);
    wtl__sender_route(&sender, 1);
    wtl__receiver_init(&receiver,
                       &(struct wtl__open){.source = 1, .destination = 2, .session = 99});
    for (uint64_t pieces = 0; arrived == NULL; pieces++) {
        size_t filled = wtl__sender_fill(&sender, record, sizeof record, sent_ms + pieces);
        const uint8_t *at = record;
        for (size_t used; filled > 0; at += used, filled -= used) {
            struct wtl__frame frame;
            cr_assert_eq(wtl__frame_next(at, filled, &frame, &used), WTL_OK);
            if (frame.type == WTL__FRAME_DATA) {
                cr_assert_eq(
                    wtl__receiver_data(&receiver, &frame, here_ms + pieces, keep_it, &arrived),
                    WTL_OK);
            }
        }
    }
    wtl__receiver_deinit(&receiver);
    free_list(wtl__sender_give_up(&sender));
    return arrived;
}

/* What is left when a call goes out is what is left when it arrives, whatever the clocks say. */
Test(assoc, L13_a_deadline_travels_as_time_left)
{
    static const struct {
        uint64_t until, sent, here, expected;
    } rows[] = {
        {5000, 1000, 77, 77 + 4000},
        {5000, 5000, 77, 77},
        {5000, 9000, 77, 77}, /* it waited for a route for too long */
        {(1ULL << 32) + 10, (1ULL << 32) - 90, 7ULL << 40, (7ULL << 40) + 100},
        {AN_HOUR_MS, 0, (3ULL << 32) - 1, (3ULL << 32) - 1 + AN_HOUR_MS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t size = 0; size < 50000; size += 40000) {
            struct wtl__envelope *call = send_call(rows[i].until, rows[i].sent, rows[i].here, size);
            cr_assert(wtl__has_until(call));
            cr_assert_eq(wtl__until(call, rows[i].here), rows[i].expected, "row %zu", i);
            cr_assert_eq(call->msg.request, 3);
            wtl__envelope_free(call);
        }
    }
}

Test(assoc, L13_a_call_without_a_deadline_arrives_without_one)
{
    struct wtl__envelope *call = send_call(0, 1000, 77, 0);
    cr_assert_not(wtl__has_until(call));
    wtl__envelope_free(call);
}
