/* joint.c - see joint.h. */
#include "flow/joint.h"

void wtl__joint_init(struct wtl_ctx *x, struct wtl_joint *joint, const void *settings, void *unit,
                     wtl_out_settled settled)
{
    const struct wtl_stage_settings *own = settings;
    joint->spec = own->spec;
    joint->out.unit = unit;
    joint->out.settled = settled;
    joint->out.counts = own->spec->counts;
    wtl__count_add(joint->spec->counts, WTL_FLOW_STARTS, 1);
    wtl__count_set(joint->spec->counts, WTL_FLOW_WAITING, 0);
    wtl__flow_send_numbers(x, joint->spec->host, WTL_FLOW_TAG_REPORT, &joint->spec->instance, 1);
}

static enum wtl_status wire(struct wtl_ctx *x, struct wtl_joint *joint,
                            const struct wtl_msg *message)
{
    if (!wtl_pid_equal(message->from, joint->spec->host)) {
        return WTL_OK; /* only the host of this node says where it leads */
    }
    return wtl__out_wire(x, &joint->out, message);
}

bool wtl__joint_handle(struct wtl_ctx *x, struct wtl_joint *joint, const struct wtl_msg *message,
                       enum wtl_status *status_out, uint32_t *gone_out)
{
    *status_out = WTL_OK;
    *gone_out = WTL_IN_NONE;
    if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_ACK)) {
        wtl__out_ack(x, &joint->out, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_FLUSH)) {
        joint->in.flushing = false;
        wtl__in_flush(x, &joint->in);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_MORE)) {
        joint->more = false;
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_CREDIT)) {
        wtl__out_credit(&joint->out, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_OPEN)) {
        wtl__in_open(x, &joint->in, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_RESET)) {
        wtl__out_reset(x, &joint->out, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_CLOSE)) {
        *gone_out = wtl__in_close(x, &joint->in, message);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_RETRY)) {
        wtl__out_retry(x, &joint->out);
    } else if (wtl_tag_equal(message->tag, WTL_FLOW_TAG_WIRE)) {
        *status_out = wire(x, joint, message);
    } else {
        return false;
    }
    return true;
}

bool wtl__joint_down(struct wtl_ctx *x, struct wtl_joint *joint, const struct wtl_down *down,
                     uint32_t *gone_out)
{
    *gone_out = WTL_IN_NONE;
    if (wtl__out_down(x, &joint->out, down)) {
        return true;
    }
    *gone_out = wtl__in_down(x, &joint->in, down);
    return *gone_out != WTL_IN_NONE;
}

void wtl__joint_more(struct wtl_ctx *x, struct wtl_joint *joint)
{
    if (!joint->more) {
        joint->more = true;
        wtl_tell(x, wtl_self(x), WTL_FLOW_TAG_MORE, NULL);
    }
}

uint64_t wtl__joint_asked(struct wtl_joint *joint, const struct wtl_msg *message, uint32_t first,
                          uint32_t arrow_count)
{
    if (wtl__out_ask(&joint->out, message) == UINT32_MAX || arrow_count == 0) {
        return 0;
    }
    uint64_t least = UINT64_MAX;
    for (uint32_t i = first; i < first + arrow_count; i++) {
        uint64_t asked = joint->out.arrows[i].asked;
        least = asked < least ? asked : least;
    }
    uint64_t newly = least - joint->asked_up;
    joint->asked_up = least;
    return newly;
}

/* ---- backward ------------------------------------------------------------------------------ */

bool wtl__joint_back_seen(struct wtl_joint *joint, const struct wtl_flow_back *back)
{
    for (uint32_t i = 0; i < WTL_BACK_SEEN; i++) {
        if (joint->back_seen[i].number == back->number &&
            wtl_pid_equal(joint->back_seen[i].origin, back->origin)) {
            return true;
        }
    }
    joint->back_seen[joint->back_next].origin = back->origin;
    joint->back_seen[joint->back_next].number = back->number;
    joint->back_next = (joint->back_next + 1) % WTL_BACK_SEEN;
    return false;
}

enum wtl_status wtl__joint_back_to(struct wtl_ctx *x, struct wtl_pid to,
                                   const struct wtl_flow_back *back)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, back->size + WTL_FLOW_HEAD_MAX);
    wtl__flow_put_back(&body, back);
    return wtl_try_tell(x, to, WTL_FLOW_TAG_BACK, &body);
}

void wtl__joint_back_all(struct wtl_ctx *x, const struct wtl_joint *joint,
                         const struct wtl_flow_back *back)
{
    for (uint32_t i = 0; i < joint->in.used; i++) {
        if (!wtl_pid_is_none(joint->in.links[i].pid) &&
            wtl__joint_back_to(x, joint->in.links[i].pid, back) != WTL_OK) {
            wtl_log(x, WTL_LOG_DEBUG, "flow: a backward message was not taken");
        }
    }
}

void wtl__joint_relay(struct wtl_ctx *x, struct wtl_joint *joint, const struct wtl_msg *message)
{
    struct wtl_flow_back back;
    if (!joint->out.back || !wtl__flow_get_back(message, &back) || back.hops >= WTL_FLOW_HOPS_MAX ||
        wtl__joint_back_seen(joint, &back)) {
        return;
    }
    back.hops++;
    wtl__joint_back_all(x, joint, &back);
}
