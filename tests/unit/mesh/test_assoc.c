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
    static uint8_t filler[2 * WTL__WINDOW];
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
    cr_assert_lt(receiver.incoming.building.end - receiver.incoming.building.begin, 4096);
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

static void keep_it(void *context, uint64_t to, struct wtl__envelope *envelope)
{
    (void)to;
    *(struct wtl__envelope **)context = envelope;
}

/* ---- between the pieces of a large message --------------------------------------------------- */

#define RECEIVERS 5u

/* What each receiver has had: their numbers count up, each once. */
struct row {
    uint64_t next[RECEIVERS];
    uint64_t count;
    uint64_t overtaken; /* how many came before one that was sent earlier */
    uint64_t latest;
};

static void on_row(void *context, uint64_t to, struct wtl__envelope *envelope)
{
    struct row *row = context;
    struct wtl_reader reader = wtl_read(&envelope->msg);
    size_t size;
    cr_assert_lt(to, RECEIVERS);
    cr_assert_eq(wtl_get_array(&reader), 2);
    uint64_t number = wtl_get_u64(&reader);
    (void)wtl_get_bin(&reader, &size);
    cr_assert(!reader.failed);
    cr_assert_eq(number % 1000, row->next[to], "to %lu in order, each once", (unsigned long)to);
    row->next[to]++;
    row->count++;
    row->overtaken += number / 1000 < row->latest;
    row->latest = number / 1000 > row->latest ? number / 1000 : row->latest;
    wtl__envelope_free(envelope);
}

static enum wtl_status receive_row(struct wtl__receiver *receiver, bool *known,
                                   const uint8_t *bytes, size_t size, struct row *row)
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
            status = wtl__receiver_data(receiver, &frame, 1, on_row, row);
        }
        bytes += used;
        size -= used;
    }
    return status;
}

/* To `to`, as the `nth` of all and the next of that one. */
static struct wtl__envelope *make_to(uint64_t to, uint64_t nth, uint64_t next[RECEIVERS],
                                     size_t size)
{
    struct wtl__envelope *envelope = make(nth * 1000 + next[to]++, size);
    envelope->msg.from.node = to;
    return envelope;
}

/* A small message to somebody else goes before the end of a large one, and before what waits for
 * it; one to the same receiver does not. */
Test(assoc, D05_a_small_message_does_not_wait_for_the_end_of_a_large_one)
{
    struct wtl__sender sender;
    struct wtl__receiver receiver;
    struct row row = {0};
    uint64_t next[RECEIVERS] = {0};
    bool known = false;
    uint8_t record[WTL__FRAME_MAX];
    wtl__sender_init(&sender, 1, 2, 99);
    wtl__sender_route(&sender, 5);
    wtl__sender_push(&sender, make_to(1, 0, next, WTL__WINDOW * 2)); /* more than the credit */
    size_t size = wtl__sender_fill(&sender, record, sizeof record, 1);
    cr_assert_eq(receive_row(&receiver, &known, record, size, &row), WTL_OK);
    for (unsigned i = 0; i < 40; i++) { /* many to one receiver are one to look past */
        wtl__sender_push(&sender, make_to(1, 1, next, 10));
    }
    wtl__sender_push(&sender, make_to(2, 2, next, 100000));
    wtl__sender_push(&sender, make_to(2, 3, next, 10));
    wtl__sender_push(&sender, make_to(3, 4, next, 10));
    wtl__sender_push(&sender, make_to(3, 5, next, 10));
    size = wtl__sender_fill(&sender, record, sizeof record, 1);
    cr_assert_geq(size, sizeof record - 200, "the record is full");
    cr_assert_eq(receive_row(&receiver, &known, record, size, &row), WTL_OK);
    cr_assert_eq(row.next[3], 2, "they have overtaken all others");
    cr_assert_eq(row.count, 2);
    struct wtl__ack ack;
    while (row.count < 45) {
        size = wtl__sender_fill(&sender, record, sizeof record, 1);
        cr_assert_eq(receive_row(&receiver, &known, record, size, &row), WTL_OK);
        if (wtl__receiver_ack(&receiver, 1, size == 0, &ack)) {
            cr_assert_eq(wtl__sender_ack(&sender, &ack), WTL_OK);
        }
    }
    (void)wtl__receiver_ack(&receiver, 1, true, &ack);
    cr_assert_eq(wtl__sender_ack(&sender, &ack), WTL_OK);
    cr_assert_null(sender.unacked);
    cr_assert_eq(sender.waiting_bytes, 0);
    cr_assert_eq(sender.waiting_count, 0);
    wtl__receiver_deinit(&receiver);
}

/* Small ones without an end take half of each record, so that the large one comes to its own. */
Test(assoc, D05_a_large_message_is_not_held_up_for_ever)
{
    struct wtl__sender sender;
    struct wtl__receiver receiver;
    struct row row = {0};
    uint64_t next[RECEIVERS] = {0};
    bool known = false;
    uint8_t record[WTL__FRAME_MAX];
    unsigned records = 0;
    wtl__sender_init(&sender, 1, 2, 99);
    wtl__sender_route(&sender, 5);
    wtl__sender_push(&sender, make_to(1, 0, next, 300000));
    for (; row.next[1] == 0; records++) {
        while (sender.waiting_count < 200) {
            wtl__sender_push(&sender, make_to(2, 1, next, 700));
        }
        next[2] %= 1000;
        size_t size = wtl__sender_fill(&sender, record, sizeof record, 1);
        cr_assert_eq(receive_row(&receiver, &known, record, size, &row), WTL_OK);
        row.next[2] %= 1000;
        struct wtl__ack ack;
        if (wtl__receiver_ack(&receiver, 1, true, &ack)) {
            cr_assert_eq(wtl__sender_ack(&sender, &ack), WTL_OK);
        }
    }
    cr_assert_leq(records, 2 * 300000 / (sizeof record - 2048));
    cr_assert_gt(row.count, 100);
    wtl__receiver_deinit(&receiver);
    free_list(wtl__sender_give_up(&sender));
}

/* Large and small ones to several receivers, over links that break at any byte. */
Test(assoc, D17_resume_with_messages_that_overtake_loses_and_repeats_nothing)
{
    uint64_t overtaken = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct wtl__prng prng;
        struct wtl__sender sender;
        struct wtl__receiver receiver;
        struct row row = {0};
        uint64_t next[RECEIVERS] = {0};
        bool known = false;
        uint8_t record[WTL__FRAME_MAX];
        uint64_t pushed = 0;
        wtl__prng_init(&prng, seed);
        wtl__sender_init(&sender, 1, 2, seed);
        while (row.count < 100) {
            for (uint64_t some = wtl__prng_below(&prng, 6); some > 0 && pushed < 100; some--) {
                size_t most = wtl__prng_below(&prng, 4) == 0 ? 200000 : 3000;
                wtl__sender_push(&sender, make_to(wtl__prng_below(&prng, RECEIVERS), pushed++, next,
                                                  wtl__prng_below(&prng, most)));
            }
            if (!sender.routed || wtl__prng_below(&prng, 20) == 0) {
                wtl__sender_unroute(&sender);
                wtl__sender_route(&sender, (uint16_t)(1 + wtl__prng_below(&prng, 9)));
            }
            size_t capacity = 400 + wtl__prng_below(&prng, sizeof record - 400);
            size_t size = wtl__sender_fill(&sender, record, capacity, 1);
            cr_assert_leq(size, capacity);
            if (wtl__prng_below(&prng, 20) == 0) { /* lost with its link */
                wtl__sender_unroute(&sender);
                continue;
            }
            cr_assert_eq(receive_row(&receiver, &known, record, size, &row), WTL_OK, "seed %lu",
                         (unsigned long)seed);
            struct wtl__ack ack;
            if (known && wtl__prng_below(&prng, 2) == 0 &&
                wtl__receiver_ack(&receiver, 1, true, &ack) && wtl__prng_below(&prng, 4) != 0) {
                cr_assert_eq(wtl__sender_ack(&sender, &ack), WTL_OK);
            }
        }
        overtaken += row.overtaken;
        wtl__receiver_deinit(&receiver);
        free_list(wtl__sender_give_up(&sender));
    }
    cr_assert_gt(overtaken, 300);
}

Test(assoc, X016_a_message_between_pieces_is_checked_like_any_other)
{
    struct wtl__mail mail = {.kind = WTL__MESSAGE, .to = 42, .from = 7, .body_size = 10};
    uint8_t head[WTL__MAIL_HEAD_MAX + 16];
    size_t head_size = wtl__put_mail(head, &mail);
    uint8_t bytes[512];
    struct wtl__open open = {
        .handle = 1, .source = 1, .destination = 2, .session = 3, .number = 1, .route = 1};
    memcpy(head + head_size,
           "\xa9"
           "012345678",
           10);
    static const size_t cuts[] = {10, 9, 11, 0};
    for (unsigned i = 0; i < 4; i++) {
        struct wtl__receiver receiver;
        struct sink sink = {0};
        bool known = true;
        wtl__receiver_init(&receiver, &open);
        cr_assert_eq(wtl__receiver_open(&receiver, &open), WTL_OK);
        size_t size = data_frame(bytes, WTL__FRAME_FIRST, head, head_size);
        cr_assert_eq(receive(&receiver, &known, bytes, size, &sink), WTL_OK);
        struct wtl__frame frame;
        struct wtl__envelope *came = NULL;
        size_t used;
        size = data_frame(bytes, WTL__FRAME_FIRST | WTL__FRAME_LAST, head, head_size + cuts[i]);
        cr_assert_eq(wtl__frame_next(bytes, size, &frame, &used), WTL_OK);
        enum wtl_status status = wtl__receiver_data(&receiver, &frame, 1, keep_it, &came);
        cr_assert_eq(status, cuts[i] == 10 ? WTL_OK : WTL_PROTOCOL, "%zu bytes", cuts[i]);
        cr_assert_eq(came != NULL, cuts[i] == 10);
        if (came != NULL) {
            wtl__envelope_free(came);
        }
        wtl__receiver_deinit(&receiver);
    }
}

/* What goes again has its number: with others between its pieces nobody could say which. */
Test(assoc, X016_nothing_comes_between_the_pieces_of_what_was_delivered)
{
    struct wtl__mail mail = {.kind = WTL__MESSAGE, .to = 42, .from = 7, .body_size = 1};
    uint8_t whole[WTL__MAIL_HEAD_MAX + 1];
    uint8_t bytes[256];
    struct wtl__open open = {
        .handle = 1, .source = 1, .destination = 2, .session = 3, .number = 1, .route = 1};
    struct wtl__receiver receiver;
    struct wtl__frame frame;
    struct wtl__envelope *came = NULL;
    size_t used;
    size_t size = wtl__put_mail(whole, &mail);
    whole[size++] = 5;
    wtl__receiver_init(&receiver, &open);
    for (open.route = 1; open.route <= 2; open.route++) { /* delivered; and again, from its begin */
        cr_assert_eq(wtl__receiver_open(&receiver, &open), WTL_OK);
        uint8_t last = open.route == 1 ? WTL__FRAME_LAST : 0;
        size_t framed = data_frame(bytes, WTL__FRAME_FIRST | last, whole, size);
        cr_assert_eq(wtl__frame_next(bytes, framed, &frame, &used), WTL_OK);
        cr_assert_eq(wtl__receiver_data(&receiver, &frame, 1, keep_it, &came), WTL_OK);
    }
    size = data_frame(bytes, WTL__FRAME_FIRST | WTL__FRAME_LAST, whole, size);
    cr_assert_eq(wtl__frame_next(bytes, size, &frame, &used), WTL_OK);
    struct wtl__envelope *aside = NULL;
    cr_assert_eq(wtl__receiver_data(&receiver, &frame, 1, keep_it, &aside), WTL_PROTOCOL);
    cr_assert_null(aside);
    wtl__envelope_free(came);
    wtl__receiver_deinit(&receiver);
}

/* ---- the deadlines of calls ------------------------------------------------------------------ */

enum { AN_HOUR_MS = 3600000 };

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
