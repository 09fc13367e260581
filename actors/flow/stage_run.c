/*
 * stage_run.c - the messages of the flow through a processor or consumer, one by one.
 *
 * A message is handled when everything that it may lead to has credit; until then it waits here, as
 * part of the window that its sender was given. Then it is open until its handler has returned and
 * every output is acknowledged.
 */
#include "flow/stage.h"

/* ---- ends ---------------------------------------------------------------------------------- */

static void settle(struct wtl_ctx *x, struct wtl_running *stage, struct wtl_input *input)
{
    struct wtl_joint *joint = &stage->joint;
    wtl__in_settle(x, &joint->in, input->link, input->n);
    wtl__count_add(joint->spec->counts, WTL_FLOW_ACKED, 1);
    bool filtered = input->outputs == 0 && joint->out.arrow_count > 0 && !input->member;
    wtl__input_free(x, &stage->inputs, input);
    if (filtered && joint->out.pulls) {
        wtl__in_ask(x, &joint->in, 1); /* who asked still waits for one */
    }
}

void wtl__stage_less(struct wtl_ctx *x, struct wtl_running *stage, struct wtl_input *input)
{
    if (--input->outstanding == 0) {
        settle(x, stage, input);
    }
}

void wtl__stage_settled(struct wtl_ctx *x, void *unit, uint16_t arrow, uint64_t cookie, bool ok)
{
    struct wtl_running *stage = unit;
    struct wtl_input *input = wtl__input_find(&stage->inputs, cookie);
    (void)arrow;
    if (input == NULL) {
        return;
    }
    if (ok) {
        wtl__stage_less(x, stage, input);
    } else {
        wtl__in_break(&stage->joint.in, input->link); /* forgotten by the next pump */
    }
}

/* ---- outputs that wait ---------------------------------------------------------------------- */

static void send_outputs(struct wtl_ctx *x, struct wtl_running *stage)
{
    while (stage->outputs != NULL) {
        struct wtl_output *output = stage->outputs;
        bool wanted = wtl__input_find(&stage->inputs, output->input) != NULL;
        if (wanted &&
            !wtl__out_send(x, &stage->joint.out, output->arrow, &output->data, output->input)) {
            return;
        }
        wtl__count_add(stage->joint.spec->counts, WTL_FLOW_OUT, wanted);
        stage->outputs = output->next;
        stage->outputs_count--;
        wtl_free(x, output);
    }
}

/* ---- handling ------------------------------------------------------------------------------ */

static bool may_run(const struct wtl_running *stage, const struct wtl_input *input)
{
    const struct wtl_out *out = &stage->joint.out;
    if (!stage->ready || !out->wired) {
        return false;
    }
    bool can = stage->outputs == NULL;
    for (uint32_t i = 0; i < out->arrow_count && can && !input->member; i++) {
        can = wtl__out_ready(out, i, input->data.key.seq);
    }
    return can || input->member; /* what a member of a group emits goes nowhere */
}

void wtl__stage_handled(struct wtl_ctx *x, struct wtl_running *stage, struct wtl_input *input)
{
    const struct wtl_actor *user = stage->user.type;
    if (input->outputs == 0 && user->kind == WTL_PROCESSOR && !input->member) {
        wtl__count_add(stage->joint.spec->counts, WTL_FLOW_DROPPED, 1);
    }
    wtl__stage_less(x, stage, input);
}

static enum wtl_status finish(struct wtl_ctx *x, struct wtl_running *stage, struct wtl_input *input,
                              enum wtl_status status)
{
    if (status == WTL_LATER) {
        input->later = true;
        return WTL_OK;
    }
    if (status != WTL_OK) {
        return status; /* the stage ends, and all of this with it */
    }
    wtl__stage_handled(x, stage, input);
    return WTL_OK;
}

/* `whole` is the message that it came in. */
static enum wtl_status run(struct wtl_ctx *x, struct wtl_running *stage, struct wtl_input *input,
                           const struct wtl_msg *whole)
{
    const struct wtl_actor *user = stage->user.type;
    enum wtl_status status = WTL_OK;
    input->state = WTL_INPUT_OPEN;
    input->outstanding = 1;
    if (user->handle != NULL) {
        stage->view = *whole;
        stage->view.tag = input->data.tag;
        stage->view.bytes = input->data.bytes;
        stage->view.size = input->data.size;
        stage->view.request = 0;
        stage->current = input;
        stage->whole = whole;
        wtl__stage_enter(x, stage);
        status = user->handle(x, wtl__stage_user(stage), &stage->view);
        wtl__stage_leave(x, stage);
        stage->whole = NULL;
        stage->view = (struct wtl_msg){0};
    }
    if (input->message != NULL) { /* nothing of it is needed any more */
        if (!input->user_keeps) {
            wtl_release(x, input->message);
        }
        input->message = NULL;
    }
    input->data.bytes = NULL;
    return finish(x, stage, input, status);
}

/* What cannot be done here any more comes again, in order, by links that are opened anew. */
static void forget_broken(struct wtl_ctx *x, struct wtl_running *stage)
{
    struct wtl_in *in = &stage->joint.in;
    for (uint32_t slot = wtl__in_reset(x, in); slot != WTL_IN_NONE; slot = wtl__in_reset(x, in)) {
        wtl__inputs_forget(x, &stage->inputs, slot, &stage->waiting);
    }
}

enum wtl_status wtl__stage_pump(struct wtl_ctx *x, struct wtl_running *stage)
{
    forget_broken(x, stage);
    send_outputs(x, stage);
    forget_broken(x, stage);
    for (uint32_t left = WTL_UNIT_BATCH; stage->waiting.first != NULL; left--) {
        if (!may_run(stage, stage->waiting.first)) {
            break;
        }
        if (left == 0) {
            wtl__joint_more(x, &stage->joint);
            break;
        }
        struct wtl_input *input = wtl__input_pop(&stage->waiting);
        enum wtl_status status = run(x, stage, input, input->message);
        if (status != WTL_OK) {
            return status;
        }
        forget_broken(x, stage);
    }
    wtl__count_set(stage->joint.spec->counts, WTL_FLOW_WAITING, stage->inputs.count);
    return WTL_OK;
}

enum wtl_status wtl__stage_data(struct wtl_ctx *x, struct wtl_running *stage,
                                const struct wtl_msg *message)
{
    struct wtl_joint *joint = &stage->joint;
    struct wtl_flow_data data;
    uint32_t slot = wtl__in_data(&joint->in, message, &data);
    if (slot == WTL_IN_NONE) {
        return WTL_OK;
    }
    struct wtl_input *input = wtl__input_new(x, &stage->inputs);
    if (input == NULL) {
        wtl__in_break(&joint->in, data.link);
        return WTL_OK;
    }
    input->link = data.link;
    input->n = data.n;
    input->data = data;
    input->from = message->from;
    input->member = joint->in.links[slot].member;
    wtl__count_add(joint->spec->counts, WTL_FLOW_IN, 1);
    wtl__count_add(joint->spec->counts, WTL_FLOW_REDELIVERED, data.redelivered);
    if (stage->waiting.first == NULL && may_run(stage, input)) {
        return run(x, stage, input, message);
    }
    input->message = wtl_keep(x, message);
    if (input->message == NULL) {
        wtl__in_break(&joint->in, input->link);
        wtl__input_free(x, &stage->inputs, input);
        return WTL_OK;
    }
    wtl__input_push(&stage->waiting, input);
    return WTL_OK;
}
