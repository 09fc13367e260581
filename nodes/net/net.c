/* net.c - the hub's driver: dials, writes and closes as it asks. See net.h. */
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/cut.h"
#include "net/dialer.h"
#include "net/link.h"
#include "net/uv_status.h"

/* A dial, wished for or under way. */
struct dial {
    struct wtl__link link; /* in net->wishes, then in net->dials */
    struct wtl__net *net;
    struct wtl__dial *dial;
    char address[WTL__ADDRESS_TEXT];
    char expected[WTL_NAME_MAX + 1];
};

/* ---- what the hub asks for ------------------------------------------------------------------ */

static void hub_dial(void *context, const char *address, const char *expected)
{
    struct wtl__net *net = context;
    struct dial *dial = calloc(1, sizeof *dial);
    if (dial == NULL) {
        return; /* the core dials again when nothing has come of it */
    }
    dial->net = net;
    (void)snprintf(dial->address, sizeof dial->address, "%s", address);
    (void)snprintf(dial->expected, sizeof dial->expected, "%s", expected != NULL ? expected : "");
    wtl__list_push_last(&net->wishes, &dial->link);
}

static struct wtl__net_link *link_of(struct wtl__net *net, uint32_t number)
{
    return number == 0 || number > net->numbers_capacity ? NULL : net->numbers[number - 1];
}

static void want(struct wtl__net *net, struct wtl__net_link *link)
{
    if (!wtl__link_is_in(&link->on_wants)) {
        wtl__list_push_last(&net->wants, &link->on_wants);
    }
}

static void hub_writable(void *context, uint32_t number)
{
    struct wtl__net *net = context;
    struct wtl__net_link *link = link_of(net, number);
    if (link != NULL) { /* one that is being opened is wanted anyway */
        want(net, link);
    }
}

static void hub_close(void *context, uint32_t number, enum wtl_status why, const char *text)
{
    struct wtl__net *net = context;
    struct wtl__net_link *link = link_of(net, number);
    if (link != NULL) {
        wtl__net_link_close(link, why, text);
        want(net, link);
    }
}

/* ---- what the hub tells: handed on to the owner ---------------------------------------------- */

static void hub_deliver(void *context, uint64_t to_local, struct wtl__envelope *envelope)
{
    struct wtl__net *net = context;
    net->port.deliver(net->port.context, to_local, envelope);
}

static void hub_refuse(void *context, struct wtl_pid to, struct wtl__envelope *envelope)
{
    struct wtl__net *net = context;
    net->port.refuse(net->port.context, to, envelope);
}

static void hub_node_up(void *context, uint64_t node, const char *name, uint8_t layer)
{
    struct wtl__net *net = context;
    net->port.node_up(net->port.context, node, name, layer);
}

static void hub_node_down(void *context, uint64_t node, enum wtl_status why)
{
    struct wtl__net *net = context;
    net->port.node_down(net->port.context, node, why);
}

static void hub_name_answer(void *context, struct wtl_pid asker, uint64_t request,
                            enum wtl_status status, struct wtl_pid holder)
{
    struct wtl__net *net = context;
    net->port.name_answer(net->port.context, asker, request, status, holder);
}

static void hub_name_lost(void *context, struct wtl_pid pid, const char *name)
{
    struct wtl__net *net = context;
    net->port.name_lost(net->port.context, pid, name);
}

static void hub_waiting(void *context, uint64_t node, uint64_t bytes)
{
    struct wtl__net *net = context;
    net->port.waiting(net->port.context, node, bytes);
}

/* ---- dials ---------------------------------------------------------------------------------- */

static void dial_failed(struct wtl__net *net, const struct dial *dial, enum wtl_status why,
                        const char *text)
{
    wtl__log(wtl__log_process(), WTL__LOG_INFO, "dial_failed",
             WTL__LOG_TEXT("address", dial->address), WTL__LOG_TEXT("node", dial->expected),
             WTL__LOG_TEXT("reason", wtl_status_word(why)), WTL__LOG_TEXT("text", text));
    wtl__hub_dial_failed(net->hub, dial->address, why, wtl__loop_now_ms(net->loop));
}

static void on_dialled(void *context, struct wtl__dial *part, int fd, enum wtl_status status,
                       const char *text)
{
    struct dial *dial = context;
    struct wtl__net *net = dial->net;
    (void)part;
    wtl__link_remove(&dial->link);
    net->dials_count--;
    if (status == WTL_OK) {
        status = wtl__net_link_start(net, fd, true, dial->address, dial->expected, dial->address);
        text = wtl_status_text(status);
    }
    if (status != WTL_OK) {
        dial_failed(net, dial, status, text);
    }
    free(dial);
}

static void start_dial(struct wtl__net *net, struct dial *dial)
{
    struct wtl__address address;
    struct wtl_error error = {0};
    enum wtl_status status = wtl__address_parse(dial->address, false, &address, &error);
    if (status == WTL_OK && net->dials_count >= WTL__NET_DIALS_MAX) {
        status = wtl_fail(&error, WTL_FULL, "%u dials are under way", net->dials_count);
    }
    if (status == WTL_OK) {
        dial->dial = wtl__dial_start(net->loop, &address, on_dialled, dial);
        status = dial->dial != NULL ? WTL_OK : wtl_fail(&error, WTL_NO_MEMORY, "no memory");
    }
    if (status != WTL_OK) {
        dial_failed(net, dial, status, error.text);
        free(dial);
        return;
    }
    wtl__list_push_last(&net->dials, &dial->link);
    net->dials_count++;
}

/* ---- accepted ------------------------------------------------------------------------------- */

static void on_accept(void *context, int fd, const struct sockaddr *from)
{
    struct wtl__net *net = context;
    char where[WTL__ADDRESS_TEXT];
    enum wtl_status status =
        wtl__net_link_start(net, fd, false, "", "", wtl__address_text(from, where));
    if (status != WTL_OK) {
        wtl__log(wtl__log_process(), WTL__LOG_WARN, "accept_failed", WTL__LOG_TEXT("peer", where),
                 WTL__LOG_TEXT("reason", wtl_status_word(status)));
    }
}

/* ---- revoked -------------------------------------------------------------------------------- */

static void on_revoked(void *context)
{
    wtl__cut_links(context);
}

/* ---- turns ---------------------------------------------------------------------------------- */

static void on_tick(struct wtl__loop_timer *timer)
{
    struct wtl__net *net = WTL_CONTAINER(timer, struct wtl__net, tick);
    wtl__hub_tick(net->hub, wtl__loop_now_ms(net->loop), wtl__loop_wall_s());
}

bool wtl__net_finish(struct wtl__net *net)
{
    struct wtl__link *link;
    struct wtl__list now;
    wtl__list_init(&now);
    wtl__list_move_all(&now, &net->wishes);
    while ((link = wtl__list_take_first(&now)) != NULL) {
        start_dial(net, WTL_CONTAINER(link, struct dial, link));
    }
    wtl__list_move_all(&now, &net->wants);
    while ((link = wtl__list_take_first(&now)) != NULL) {
        struct wtl__net_link *one = WTL_CONTAINER(link, struct wtl__net_link, on_wants);
        if (wtl__net_link_pump(one)) {
            want(net, one);
        }
    }
    uint64_t deadline_ms = wtl__hub_deadline_ms(net->hub);
    if (deadline_ms == UINT64_MAX) {
        wtl__loop_timer_clear(net->loop, &net->tick);
    } else if (!wtl__timer_is_added(&net->tick.timer) ||
               net->tick.timer.deadline_ms != deadline_ms) {
        wtl__loop_timer_set(net->loop, &net->tick, deadline_ms);
    }
    return !wtl__list_is_empty(&net->wants) || !wtl__list_is_empty(&net->wishes);
}

/* ---- life ----------------------------------------------------------------------------------- */

/* What others are told to dial: what was configured, or where it listens, by this machine's name
 * where it listens on all addresses. */
static enum wtl_status set_address(struct wtl__net *net, const struct wtl__net_config *config,
                                   struct wtl__core_config *core, struct wtl_error *error)
{
    struct wtl__address bound;
    core->address[0] = '\0';
    if (config->listen == NULL) {
        return WTL_OK;
    }
    if (config->advertise != NULL) {
        struct wtl__address checked;
        enum wtl_status status = wtl__address_parse(config->advertise, false, &checked, error);
        if (status != WTL_OK) {
            return wtl_while(error, status, "advertise");
        }
        if (strlen(config->advertise) >= sizeof core->address) {
            return wtl_fail(error, WTL_CONFIG, "advertise: %zu bytes, and %u are the most",
                            strlen(config->advertise), WTL_NAME_MAX);
        }
        (void)snprintf(core->address, sizeof core->address, "%s", config->advertise);
        return WTL_OK;
    }
    enum wtl_status status = wtl__address_parse(net->listens, true, &bound, error);
    if (status != WTL_OK) {
        return wtl_while(error, status, "listen");
    }
    char host[WTL_NAME_MAX] = "";
    bool everywhere = strcmp(bound.host, "::") == 0 || strcmp(bound.host, "0.0.0.0") == 0;
    if (everywhere && gethostname(host, sizeof host - 8) == 0 && host[0] != '\0') {
        host[sizeof host - 8] = '\0';
        (void)snprintf(core->address, sizeof core->address, "%s:%u", host, bound.port);
    } else {
        (void)snprintf(core->address, sizeof core->address, "%s", net->listens);
    }
    return WTL_OK;
}

static enum wtl_status start_hub(struct wtl__net *net, const struct wtl__net_config *config,
                                 struct wtl_error *error)
{
    struct wtl__core_config core = config->core;
    enum wtl_status status = set_address(net, config, &core, error);
    if (status != WTL_OK) {
        return status;
    }
    net->port = config->port;
    struct wtl__hub_port port = {.context = net,
                                 .deliver = hub_deliver,
                                 .refuse = hub_refuse,
                                 .node_up = hub_node_up,
                                 .node_down = hub_node_down,
                                 .name_answer = hub_name_answer,
                                 .name_lost = hub_name_lost,
                                 .dial = hub_dial,
                                 .writable = hub_writable,
                                 .close = hub_close,
                                 .waiting = hub_waiting};
    status = wtl__hub_create(&core, &port, wtl__loop_now_ms(net->loop), &net->hub);
    return status == WTL_OK ? WTL_OK : wtl_fail(error, status, "cannot make the mesh core");
}

enum wtl_status wtl__net_create(const struct wtl__net_config *config, struct wtl__net **net_out,
                                struct wtl_error *error)
{
    struct wtl__net *net = calloc(1, sizeof *net);
    *net_out = NULL;
    if (net == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the network");
    }
    net->loop = config->loop;
    net->tls = config->tls;
    net->tick.fire = on_tick;
    net->cut.fire = wtl__cut_on_timer;
    net->listener.acceptor.fd = -1;
    wtl__list_init(&net->all);
    wtl__list_init(&net->wants);
    wtl__list_init(&net->wishes);
    wtl__list_init(&net->dials);
    wtl__admission_init(&net->admission, config->core.seed);
    enum wtl_status status = WTL_OK;
    if (config->listen != NULL) {
        status = wtl__listener_open(&net->listener, net->loop, config->listen, &net->admission,
                                    on_accept, net, net->listens, error);
    }
    if (status == WTL_OK) {
        status = start_hub(net, config, error);
    }
    if (status != WTL_OK) {
        wtl__net_destroy(net);
        return status;
    }
    if (config->revocation != NULL) {
        net->revocation = config->revocation;
        wtl__revocation_start(net->revocation, net->loop, on_revoked, net);
    }
    *net_out = net;
    return WTL_OK;
}

static void drop_dials(struct wtl__net *net)
{
    struct wtl__link *link;
    while ((link = wtl__list_take_first(&net->wishes)) != NULL) {
        free(WTL_CONTAINER(link, struct dial, link));
    }
    while ((link = wtl__list_take_first(&net->dials)) != NULL) {
        struct dial *dial = WTL_CONTAINER(link, struct dial, link);
        wtl__dial_cancel(dial->dial);
        free(dial);
    }
    net->dials_count = 0;
}

void wtl__net_destroy(struct wtl__net *net)
{
    if (net == NULL) {
        return;
    }
    wtl__listener_close(&net->listener);
    wtl__loop_timer_clear(net->loop, &net->tick);
    wtl__loop_timer_clear(net->loop, &net->cut);
    if (net->revocation != NULL) {
        wtl__revocation_stop(net->revocation);
    }
    while (!wtl__list_is_empty(&net->all)) {
        struct wtl__link *first = wtl__list_first(&net->all);
        wtl__net_link_abort(WTL_CONTAINER(first, struct wtl__net_link, on_all), WTL_CLOSED);
    }
    drop_dials(net); /* after the links: the core dials again when it hears that one is gone */
    wtl__loop_drain(net->loop);
    wtl__hub_destroy(net->hub);
    wtl__admission_deinit(&net->admission);
    wtl_tls_thread_end();
    free(net->numbers);
    free(net);
}

/* ---- questions and orders ------------------------------------------------------------------- */

const char *wtl__net_address(const struct wtl__net *net)
{
    return net->listens;
}

struct wtl__hub *wtl__net_hub(struct wtl__net *net)
{
    return net->hub;
}

void wtl__net_stop_listening(struct wtl__net *net)
{
    wtl__listener_close(&net->listener);
}

void wtl__net_goodbye(struct wtl__net *net, enum wtl_status why)
{
    drop_dials(net);
    WTL_LIST_EACH_SAFE (link, &net->all) {
        struct wtl__net_link *one = WTL_CONTAINER(link, struct wtl__net_link, on_all);
        if (one->state == WTL__NET_HANDSHAKE) {
            wtl__net_link_abort(one, why);
        }
    }
    /* the hub closes the open ones, through hub_close, when all know that this node leaves */
    wtl__hub_leave(net->hub, wtl__loop_now_ms(net->loop));
}

uint32_t wtl__net_sockets(const struct wtl__net *net)
{
    return net->links_count;
}

size_t wtl__net_unsent(const struct wtl__net *net)
{
    size_t unsent = 0;
    WTL_LIST_EACH (link, &net->all) {
        unsent += WTL_CONTAINER(link, struct wtl__net_link, on_all)->unsent;
    }
    return unsent;
}

const struct wtl__admission_counters *wtl__net_admission(const struct wtl__net *net)
{
    return &net->admission.count;
}
