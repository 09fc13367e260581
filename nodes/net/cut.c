/* cut.c - see cut.h. */
#include "net/cut.h"

#include "base/clock.h"
#include "certs/civil.h"
#include "net/revocation.h"

/* When that certificate will have expired, or the wall clock is looked at again at least. A
 * certificate is good up to the end of its last second (RFC 5280, 4.1.2.5), in a handshake too. */
static uint64_t deadline_ms(const struct wtl__net *net, const struct wtl_identity *peer)
{
    int64_t wall_ms = (int64_t)(wtl__clock_wall_ns(wtl__clock_system()) / WTL__NS_PER_MS);
    int64_t left_ms = (peer->not_after_s + 1) * 1000 - wall_ms;
    left_ms = left_ms < 0 ? 0 : left_ms > (int64_t)WTL__CUT_LOOK_MS ? WTL__CUT_LOOK_MS : left_ms;
    return wtl__loop_now_ms(net->loop) + (uint64_t)left_ms;
}

void wtl__cut_later(struct wtl__net_link *link)
{
    struct wtl__net *net = link->net;
    uint64_t at_ms = deadline_ms(net, wtl_tls_peer(link->tls));
    if (!wtl__timer_is_added(&net->cut.timer) || at_ms < net->cut.timer.deadline_ms) {
        wtl__loop_timer_set(net->loop, &net->cut, at_ms);
    }
}

/* Is it still good? If not, the error says why. */
static enum wtl_status check(const struct wtl__net *net, const struct wtl_identity *peer,
                             struct wtl_error *error)
{
    const char *word = "";
    char end[WTL__CIVIL_TEXT];
    if (wtl__loop_wall_s() > peer->not_after_s) {
        return wtl_fail(error, WTL_IDENTITY, "the certificate of %s expired on %s", peer->name,
                        wtl__civil_text(peer->not_after_s, end));
    }
    return net->revocation == NULL ? WTL_OK
                                   : wtl__revocation_check(net->revocation, peer, &word, error);
}

void wtl__cut_links(struct wtl__net *net)
{
    WTL_LIST_EACH_SAFE (at, &net->all) {
        struct wtl__net_link *link = WTL_CONTAINER(at, struct wtl__net_link, on_all);
        struct wtl_error error = {0};
        if (link->state != WTL__NET_OPEN) {
            continue; /* a handshake has yet to be judged, and what closes is over in a second */
        }
        if (check(net, wtl_tls_peer(link->tls), &error) == WTL_OK) {
            wtl__cut_later(link);
        } else {
            wtl__net_link_cut(link, WTL_IDENTITY, error.text);
        }
    }
}

void wtl__cut_on_timer(struct wtl__loop_timer *timer)
{
    wtl__cut_links(WTL_CONTAINER(timer, struct wtl__net, cut));
}
