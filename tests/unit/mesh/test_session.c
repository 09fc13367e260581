/* test_session.c - two sessions talk over byte strings: hello, versions, heartbeat, refusals. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "mesh/session.h"
#include "wire/bytes.h"

struct end {
    struct wtl__session session;
    unsigned frames;
    enum wtl_status answer; /* what the layer above says to a frame */
};

static enum wtl_status on_frame(void *context, const struct wtl__frame *frame)
{
    struct end *end = context;
    (void)frame;
    end->frames++;
    return end->answer;
}

static struct wtl_identity identity(const char *name, enum wtl_layer layer)
{
    struct wtl_identity who = {.layer = layer};
    (void)snprintf(who.mesh, sizeof who.mesh, "%s", "test");
    (void)snprintf(who.tenant, sizeof who.tenant, "%s", "default");
    (void)snprintf(who.name, sizeof who.name, "%s", name);
    return who;
}

static struct wtl__session_config config(const char *self, enum wtl_layer layer, const char *peer,
                                         enum wtl_layer peer_layer, bool dialled)
{
    struct wtl_identity own = identity(self, layer);
    struct wtl__session_config made = {.hello = {.version_min = WTL__PROTOCOL_MIN,
                                                 .version_max = WTL__PROTOCOL_MAX,
                                                 .node = wtl_identity_node_bits(&own) << 24 | 1,
                                                 .layer = (uint8_t)layer,
                                                 .link_class = WTL__CLASS_LAN,
                                                 .beat_ms = 500},
                                       .dialled = dialled,
                                       .peer = identity(peer, peer_layer)};
    (void)snprintf(made.hello.name, sizeof made.hello.name, "%s", self);
    memset(made.hello.binding, 7, sizeof made.hello.binding);
    return made;
}

static void start(struct end *a, struct end *b)
{
    struct wtl__session_config ca =
        config("device-1", WTL_LAYER_DEVICE, "edge-1", WTL_LAYER_EDGE, true);
    struct wtl__session_config cb =
        config("edge-1", WTL_LAYER_EDGE, "device-1", WTL_LAYER_DEVICE, false);
    *a = (struct end){0};
    *b = (struct end){0};
    wtl__session_init(&a->session, &ca, 0);
    wtl__session_init(&b->session, &cb, 0);
}

/* Moves what `from` wants to say, in chunks of `chunk` bytes. */
static size_t move(struct end *from, struct end *to, size_t chunk, uint64_t now_ms)
{
    uint8_t bytes[WTL__FRAME_MAX];
    size_t size = wtl__session_fill(&from->session, bytes, sizeof bytes);
    for (size_t at = 0; at < size; at += chunk) {
        size_t piece = size - at < chunk ? size - at : chunk;
        wtl__session_bytes(&to->session, bytes + at, piece, now_ms, on_frame, to);
    }
    return size;
}

static void talk(struct end *a, struct end *b, size_t chunk, uint64_t now_ms)
{
    while (move(a, b, chunk, now_ms) + move(b, a, chunk, now_ms) > 0) {
    }
}

static void stop(struct end *a, struct end *b)
{
    wtl__session_deinit(&a->session);
    wtl__session_deinit(&b->session);
}

Test(session, X004_one_byte_at_a_time_is_the_same_as_all_at_once)
{
    for (size_t chunk = 1; chunk < 300; chunk = chunk * 2 + 1) {
        struct end a, b;
        start(&a, &b);
        talk(&a, &b, chunk, 1);
        cr_assert_eq(a.session.state, WTL__SESSION_UP);
        cr_assert_eq(b.session.state, WTL__SESSION_UP);
        cr_assert_str_eq(a.session.peer.name, "edge-1");
        cr_assert_eq(b.session.version, 1);
        cr_assert_null(a.session.in);
        cr_assert_null(b.session.control);
        stop(&a, &b);
    }
}

Test(session, X004_the_deadline_is_absolute)
{
    struct end a, b;
    uint8_t bytes[WTL__FRAME_MAX];
    start(&a, &b);
    size_t size = wtl__session_fill(&a.session, bytes, sizeof bytes);
    for (size_t at = 0; at + 1 < size; at++) { /* a byte now and then does not help */
        wtl__session_bytes(&b.session, bytes + at, 1, at * 10, on_frame, &b);
    }
    cr_assert_eq(b.session.state, WTL__SESSION_HELLO);
    cr_assert_eq(wtl__session_deadline_ms(&b.session), WTL__SESSION_SETUP_MS);
    wtl__session_tick(&b.session, WTL__SESSION_SETUP_MS);
    cr_assert_eq(b.session.state, WTL__SESSION_CLOSED);
    cr_assert_eq(b.session.status, WTL_TIMEOUT);
    stop(&a, &b);
}

Test(session, X008_versions_that_do_not_overlap_are_refused_with_the_own_range)
{
    struct end a, b;
    start(&a, &b);
    a.session.config.hello.version_min = 7;
    a.session.config.hello.version_max = 9;
    struct wtl__session_config again = a.session.config;
    wtl__session_deinit(&a.session);
    wtl__session_init(&a.session, &again, 0);
    move(&a, &b, 1000, 1);
    cr_assert_eq(b.session.state, WTL__SESSION_CLOSED);
    cr_assert_eq(b.session.status, WTL_VERSION);
    talk(&b, &a, 1000, 1);
    cr_assert_eq(a.session.state, WTL__SESSION_CLOSED);
    cr_assert_eq(a.session.status, WTL_VERSION);
    stop(&a, &b);
}

Test(session, X009_second_hello_closes)
{
    struct end a, b;
    uint8_t hello[512];
    start(&a, &b);
    talk(&a, &b, 1000, 1);
    size_t size = wtl__put_hello(hello, sizeof hello, &a.session.config.hello);
    wtl__session_bytes(&b.session, hello, size, 2, on_frame, &b);
    cr_assert_eq(b.session.state, WTL__SESSION_CLOSED);
    cr_assert_eq(b.session.status, WTL_PROTOCOL);
    stop(&a, &b);
}

Test(session, X009_data_before_hello_closes)
{
    struct end a, b;
    uint8_t data[16] = {0};
    start(&a, &b);
    wtl__frame_head(data, WTL__FRAME_DATA, 0, 4);
    wtl__session_bytes(&b.session, data, 10, 2, on_frame, &b);
    cr_assert_eq(b.session.state, WTL__SESSION_CLOSED);
    cr_assert_eq(b.session.status, WTL_PROTOCOL);
    cr_assert_eq(b.frames, 0);
    stop(&a, &b);
}

Test(session, X006_unknown_frames)
{
    struct end a, b;
    uint8_t frame[16] = {0};
    start(&a, &b);
    talk(&a, &b, 1000, 1);
    wtl__frame_head(frame, 0x7e, WTL__FRAME_OPTIONAL, 3);
    wtl__session_bytes(&b.session, frame, 9, 2, on_frame, &b);
    cr_assert_eq(b.session.state, WTL__SESSION_UP);
    cr_assert_eq(b.session.ignored, 1);
    wtl__frame_head(frame, 0x7e, 0, 3);
    wtl__session_bytes(&b.session, frame, 9, 2, on_frame, &b);
    cr_assert_eq(b.session.state, WTL__SESSION_CLOSED);
    cr_assert_eq(b.session.status, WTL_UNSUPPORTED);
    stop(&a, &b);
}

Test(session, X018_a_hello_that_its_certificate_does_not_bear_is_refused)
{
    for (unsigned wrong = 0; wrong < 4; wrong++) {
        struct end a, b;
        start(&a, &b);
        struct wtl__session_config lie = a.session.config;
        switch (wrong) {
        case 0:
            (void)snprintf(lie.hello.name, sizeof lie.hello.name, "%s", "device-2");
            break;
        case 1:
            lie.hello.layer = WTL_LAYER_CLOUD;
            break;
        case 2:
            lie.hello.node ^= UINT64_C(1) << 40;
            break;
        default:
            lie.hello.binding[31] ^= 1; /* relayed from another connection */
            break;
        }
        wtl__session_deinit(&a.session);
        wtl__session_init(&a.session, &lie, 0);
        move(&a, &b, 1000, 1);
        cr_assert_eq(b.session.state, WTL__SESSION_CLOSED, "lie %u", wrong);
        cr_assert_eq(b.session.status, WTL_IDENTITY, "lie %u", wrong);
        stop(&a, &b);
    }
}

Test(session, X025_another_node_than_was_dialled_is_refused)
{
    struct end a, b;
    start(&a, &b);
    (void)snprintf(a.session.config.expected, sizeof a.session.config.expected, "%s", "edge-2");
    talk(&a, &b, 1000, 1);
    cr_assert_eq(a.session.state, WTL__SESSION_CLOSED);
    cr_assert_eq(a.session.status, WTL_IDENTITY);
    cr_assert_eq(b.session.state, WTL__SESSION_CLOSED);
    stop(&a, &b);
}

Test(session, X112_a_peer_with_the_own_name_is_refused)
{
    struct end a, b;
    struct wtl__session_config ca =
        config("edge-1", WTL_LAYER_EDGE, "edge-1", WTL_LAYER_EDGE, true);
    start(&a, &b);
    wtl__session_deinit(&a.session);
    wtl__session_deinit(&b.session);
    wtl__session_init(&a.session, &ca, 0);
    wtl__session_init(&b.session, &ca, 0);
    move(&a, &b, 1000, 1);
    cr_assert_eq(b.session.status, WTL_DUPLICATE);
    stop(&a, &b);
}

Test(session, D04_silence_is_noticed_after_four_beats_and_traffic_counts_as_beats)
{
    struct end a, b;
    start(&a, &b);
    talk(&a, &b, 1000, 0);
    uint64_t now = 0;
    while (now < 60000) { /* a minute of beats: up all the time */
        uint64_t da = wtl__session_deadline_ms(&a.session);
        uint64_t db = wtl__session_deadline_ms(&b.session);
        now = da < db ? da : db;
        wtl__session_tick(&a.session, now);
        wtl__session_tick(&b.session, now);
        talk(&a, &b, 1000, now);
        cr_assert_eq(a.session.state, WTL__SESSION_UP);
        cr_assert_eq(b.session.state, WTL__SESSION_UP);
    }
    uint64_t silent = a.session.heard_ms;
    while (a.session.state == WTL__SESSION_UP) { /* b says nothing any more */
        now = wtl__session_deadline_ms(&a.session);
        cr_assert_leq(now, silent + 2000);
        wtl__session_tick(&a.session, now);
    }
    cr_assert_eq(a.session.status, WTL_TIMEOUT);
    cr_assert_eq(now, silent + 2000);
    stop(&a, &b);
}

Test(session, X046_a_peer_that_does_not_read_is_closed_at_the_bound)
{
    struct end a, b;
    uint8_t roster[WTL__FRAME_MAX];
    start(&a, &b);
    talk(&a, &b, 1000, 0);
    struct wtl__roster one = {.count = 1, .entries[0] = {.node = 5, .layer = 2, .name = "e"}};
    size_t size = wtl__put_roster(roster, sizeof roster, &one);
    size_t sent = 0;
    while (a.session.state == WTL__SESSION_UP) {
        wtl__session_send(&a.session, roster, size);
        sent += size;
        cr_assert_leq(sent, WTL__SESSION_CONTROL_MAX + size);
    }
    cr_assert_eq(a.session.status, WTL_FULL);
    stop(&a, &b);
}

Test(session, what_the_layer_above_refuses_closes_and_nothing_behind_it_is_read)
{
    struct end a, b;
    uint8_t bytes[256];
    start(&a, &b);
    talk(&a, &b, 1000, 0);
    struct wtl__detach detach = {.leaf = 1, .uplink = 2, .number = 3};
    size_t size = wtl__put_detach(bytes, sizeof bytes, &detach);
    size += wtl__put_detach(bytes + size, sizeof bytes - size, &detach);
    b.answer = WTL_FORGED;
    wtl__session_bytes(&b.session, bytes, size, 1, on_frame, &b);
    cr_assert_eq(b.frames, 1);
    cr_assert_eq(b.session.status, WTL_FORGED);
    talk(&b, &a, 1000, 1);
    cr_assert_eq(a.session.status, WTL_FORGED, "the peer is told why");
    stop(&a, &b);
}
