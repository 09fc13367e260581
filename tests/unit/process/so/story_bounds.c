/* story_bounds.c - a teller that is asked within a deadline, and asks. See story.h. */
#include "story.h"

/* How much of 1000 ms, or a few more, is left: "some", "none" when nobody has said, otherwise the
 * number. */
static void note_left(struct wtl_ctx *x, struct teller *teller)
{
    uint32_t left_ms = wtl_deadline_left_ms(x);
    if (left_ms == WTL_CALL_FOREVER || (left_ms > 0 && left_ms <= 1100)) {
        note(teller, left_ms == WTL_CALL_FOREVER ? "none" : "some");
    } else {
        note(teller, "%lu", (unsigned long)left_ms);
    }
}

static enum wtl_status on_asked_for_it(struct wtl_ctx *x, void *self,
                                       const struct wtl_answer *answer, void *context)
{
    struct teller *teller = self;
    (void)context;
    note(teller, "%s", wtl_status_word(answer->status));
    note_left(x, teller);
    return WTL_OK;
}

/* A call to itself, whose deadline bounds what is asked for it; see be_bound. */
void tell_of_bounds(struct wtl_ctx *x, struct teller *teller)
{
    note_left(x, teller);
    teller->other = bear(x, teller, 0, false);
    (void)wtl_call(x, wtl_self(x), WTL_TAG("bound"), NULL,
                   &(struct wtl_call_options){.deadline_ms = 1000});
}

/* One is answered while the call still waits, one when it has been answered, one is not sent. */
void be_bound(struct wtl_ctx *x, struct teller *teller, const struct wtl_msg *message)
{
    const struct wtl_call_options options = {.on_answer = on_asked_for_it};
    if (teller->ticks++ == 0) {
        note_left(x, teller);
        teller->deferred = wtl_defer(x, message);
        (void)wtl_call(x, teller->other, WTL_TAG("double"), NULL, &options);
        wtl_tell(x, wtl_self(x), WTL_TAG("bound"), NULL);
        (void)wtl_after(x, 50, WTL_TAG("bound"), NULL);
        return;
    }
    note_left(x, teller);
    if (teller->ticks == 2) {
        wtl_deadline_set_ms(x, 0);
        (void)wtl_call(x, teller->other, WTL_TAG("double"), NULL, &options);
    } else {
        wtl_deadline_set_ms(x, 1000);
        note_left(x, teller);
        wtl_deadline_set_ms(x, WTL_CALL_FOREVER);
        wtl_reply_to(x, teller->deferred, NULL);
        (void)wtl_call(x, teller->other, WTL_TAG("double"), NULL, &options);
    }
}
