/*
 * fork.c - {a, b}: gives each message to every member, waits until all are done with it, and passes
 * the message itself on, unchanged and in order.
 *
 * It keeps the messages that its members work on, so a member that ends gets its own again and the
 * others are not disturbed. What was passed on is not kept: it comes again from its source.
 *
 *   WAITING  not every member has credit
 *   OPEN     with its members, or passed on
 *   READY    every member is done: passed on in its turn
 *
 * Thread: its own. Owns: as a stage; see stage.h. Bounds: the window of in.h.
 */
#include "flow/stage.h"

struct fork {
    struct wtl_joint joint;
    struct wtl_inputs inputs;
    struct wtl_input_queue queue;         /* not passed on yet, in the order in which they came */
    struct wtl_input *unsent;             /* the first of them that the members have not got */
    uint32_t resends[WTL_OUT_ARROWS_MAX]; /* messages that a member has to get again */
};

static uint32_t members(const struct fork *fork)
{
    uint32_t count = 0;
    while (count < fork->joint.out.arrow_count && fork->joint.out.arrows[count].member) {
        count++;
    }
    return count;
}

static void settle(struct wtl_ctx *x, struct fork *fork, struct wtl_input *input)
{
    wtl__in_settle(x, &fork->joint.in, input->link, input->n);
    wtl__count_add(fork->joint.spec->counts, WTL_FLOW_ACKED, 1);
    wtl__input_free(x, &fork->inputs, input);
}

static void settled(struct wtl_ctx *x, void *unit, uint16_t arrow, uint64_t cookie, bool ok)
{
    struct fork *fork = unit;
    struct wtl_input *input = wtl__input_find(&fork->inputs, cookie);
    bool member = fork->joint.out.arrows[arrow].member;
    if (input == NULL) {
        return;
    }
    if (!ok && member) {
        input->resend |= UINT64_C(1) << arrow;
        fork->resends[arrow]++;
        return;
    }
    if (!ok) {
        wtl__in_break(&fork->joint.in, input->link); /* forgotten by the next pump */
    } else if (--input->outstanding == 0) {
        if (member) {
            input->state = WTL_INPUT_READY;
        } else {
            settle(x, fork, input);
        }
    }
}

static bool send(struct wtl_ctx *x, struct fork *fork, struct wtl_input *input, uint32_t arrow,
                 bool again)
{
    struct wtl_flow_data data = input->data;
    data.redelivered |= again;
    if (!wtl__out_send(x, &fork->joint.out, arrow, &data, input->id)) {
        return false;
    }
    wtl__count_add(fork->joint.spec->counts, WTL_FLOW_OUT, 1);
    return true;
}

/* What members have to get again goes before anything new, in order. */
static void send_again(struct wtl_ctx *x, struct fork *fork)
{
    for (uint32_t arrow = 0; arrow < members(fork); arrow++) {
        struct wtl_input *input = fork->queue.first;
        for (; input != NULL && fork->resends[arrow] > 0; input = input->next) {
            if ((input->resend >> arrow & 1) == 0) {
                continue;
            }
            if (!wtl__out_ready(&fork->joint.out, arrow, input->data.key.seq) ||
                !send(x, fork, input, arrow, true)) {
                break;
            }
            input->resend &= ~(UINT64_C(1) << arrow);
            fork->resends[arrow]--;
        }
    }
}

static bool members_ready(const struct fork *fork, const struct wtl_input *input)
{
    bool ready = fork->joint.out.wired;
    for (uint32_t i = 0; i < members(fork) && ready; i++) {
        ready = fork->resends[i] == 0 && wtl__out_ready(&fork->joint.out, i, input->data.key.seq);
    }
    return ready;
}

/* Gives the message to every member. One that is lost meanwhile gets it again, later. */
static void give(struct wtl_ctx *x, struct fork *fork, struct wtl_input *input)
{
    uint32_t count = members(fork);
    input->state = WTL_INPUT_OPEN;
    input->outstanding = count;
    for (uint32_t i = 0; i < count; i++) {
        if (!send(x, fork, input, i, false)) {
            input->resend |= UINT64_C(1) << i;
            fork->resends[i]++;
        }
    }
}

static void give_waiting(struct wtl_ctx *x, struct fork *fork)
{
    while (fork->unsent != NULL && members_ready(fork, fork->unsent)) {
        struct wtl_input *input = fork->unsent;
        fork->unsent = input->next;
        give(x, fork, input);
    }
}

/* Passes on the first one when it is ready. False: nothing more to do now. */
static bool pass_on(struct wtl_ctx *x, struct fork *fork)
{
    struct wtl_input *input = fork->queue.first;
    const struct wtl_out *out = &fork->joint.out;
    uint32_t first = members(fork);
    if (input == NULL || input->state != WTL_INPUT_READY) {
        return false;
    }
    for (uint32_t i = first; i < out->arrow_count; i++) {
        if (!wtl__out_ready(out, i, input->data.key.seq)) {
            return false;
        }
    }
    (void)wtl__input_pop(&fork->queue);
    input->state = WTL_INPUT_OPEN;
    input->outstanding = out->arrow_count - first;
    bool sent = true;
    for (uint32_t i = first; i < out->arrow_count && sent; i++) {
        sent = send(x, fork, input, i, false);
    }
    wtl_release(x, input->message);
    input->message = NULL;
    if (!sent) {
        wtl__in_break(&fork->joint.in, input->link);
    } else if (input->outstanding == 0) {
        settle(x, fork, input);
    }
    return sent;
}

/* What came by a link that is over is forgotten, with what its members should have got again. */
static void forget(struct wtl_ctx *x, struct fork *fork, uint32_t slot)
{
    for (struct wtl_input *input = fork->queue.first; input != NULL; input = input->next) {
        for (uint32_t i = 0; i < members(fork) && (uint32_t)(input->link & 0xffff) == slot; i++) {
            fork->resends[i] -= (uint32_t)(input->resend >> i & 1);
        }
    }
    wtl__inputs_forget(x, &fork->inputs, slot, &fork->queue);
    fork->unsent = fork->queue.first;
    while (fork->unsent != NULL && fork->unsent->state != WTL_INPUT_WAITING) {
        fork->unsent = fork->unsent->next;
    }
}

static void forget_broken(struct wtl_ctx *x, struct fork *fork)
{
    struct wtl_in *in = &fork->joint.in;
    for (uint32_t slot = wtl__in_reset(x, in); slot != WTL_IN_NONE; slot = wtl__in_reset(x, in)) {
        forget(x, fork, slot);
    }
}

static void pump(struct wtl_ctx *x, struct fork *fork)
{
    forget_broken(x, fork);
    send_again(x, fork);
    give_waiting(x, fork);
    uint32_t left = WTL_UNIT_BATCH;
    while (left > 0 && pass_on(x, fork)) {
        left--;
    }
    forget_broken(x, fork);
    if (left == 0) {
        wtl__joint_more(x, &fork->joint);
    }
    wtl__count_set(fork->joint.spec->counts, WTL_FLOW_WAITING, fork->inputs.count);
}

static void on_data(struct wtl_ctx *x, struct fork *fork, const struct wtl_msg *message)
{
    struct wtl_flow_data data;
    if (wtl__in_data(&fork->joint.in, message, &data) == WTL_IN_NONE) {
        return;
    }
    struct wtl_input *input = wtl__input_new(x, &fork->inputs);
    const struct wtl_msg *kept = input != NULL ? wtl_keep(x, message) : NULL;
    if (kept == NULL) {
        wtl__in_break(&fork->joint.in, data.link);
        if (input != NULL) {
            wtl__input_free(x, &fork->inputs, input);
        }
        return;
    }
    input->message = kept;
    input->link = data.link;
    input->n = data.n;
    input->data = data;
    wtl__count_add(fork->joint.spec->counts, WTL_FLOW_IN, 1);
    wtl__count_add(fork->joint.spec->counts, WTL_FLOW_REDELIVERED, data.redelivered);
    wtl__input_push(&fork->queue, input);
    fork->unsent = fork->unsent != NULL ? fork->unsent : input;
}

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct fork *fork = self;
    (void)args;
    wtl__joint_init(x, &fork->joint, settings, fork, settled);
    return WTL_OK;
}

/* Who asks for more: those behind the group, or the first member when nothing is behind it. */
static void on_ask(struct wtl_ctx *x, struct fork *fork, const struct wtl_msg *message)
{
    uint32_t first = members(fork);
    uint32_t count = fork->joint.out.arrow_count;
    uint64_t more = first < count ? wtl__joint_asked(&fork->joint, message, first, count - first)
                                  : wtl__joint_asked(&fork->joint, message, 0, count > 0 ? 1 : 0);
    wtl__in_ask(x, &fork->joint.in, more);
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct fork *fork = self;
    enum wtl_status status = WTL_OK;
    uint32_t gone = WTL_IN_NONE;
    if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_DATA)) {
        on_data(x, fork, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_ASK)) {
        on_ask(x, fork, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_BACK)) {
        wtl__joint_relay(x, &fork->joint, message);
    } else if (wtl__joint_handle(x, &fork->joint, message, &status, &gone) && gone != WTL_IN_NONE) {
        forget(x, fork, gone);
    }
    if (status == WTL_OK) {
        pump(x, fork);
    }
    return status;
}

static enum wtl_status down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct fork *fork = self;
    uint32_t gone;
    if (wtl__joint_down(x, &fork->joint, down, &gone) && gone != WTL_IN_NONE) {
        forget(x, fork, gone);
    }
    pump(x, fork);
    return WTL_OK;
}

const struct wtl_actor wtl__fork_type = {
    .size = sizeof(struct wtl_actor),
    .name = "fork",
    .summary = "Gives each message to every member of a group, and passes it on.",
    .state_size = sizeof(struct fork),
    .settings_size = sizeof(struct wtl_stage_settings),
    .mailbox_max = WTL_MAILBOX_LIMIT,
    .init = init,
    .handle = handle,
    .down = down,
};
