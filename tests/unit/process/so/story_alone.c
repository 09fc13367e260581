/* story_alone.c - what a teller does by itself: time, memory, blocking work, readiness, messages
 * that it keeps. See story.h. */
#include <sys/eventfd.h>

#include "story.h"

void tell_of_time(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_writer body;
    put_number(x, &body, 3);
    note(teller, "%d", wtl_after(x, 30, WTL_TAG("came"), &body) != 0);
    teller->ticks = 0;
    teller->timer = wtl_every(x, 2, WTL_TAG("tick"));
    uint64_t never = wtl_after(x, 60000, WTL_TAG("came"), NULL);
    int64_t left = wtl_timer_cancel(x, never);
    note(teller, "%d", left > 59000 && left <= 60001);
    note(teller, "%d", (int)wtl_timer_cancel(x, never));
    put_number(x, &body, 1);
    wtl_tell(x, wtl_self(x), WTL_TAG("came"), &body);
    put_number(x, &body, 2);
    wtl_continue(x, WTL_TAG("came"), &body);
}

static enum wtl_status work(void *argument, struct wtl_writer *result)
{
    unsigned number;
    memcpy(&number, argument, sizeof number);
    wtl_put_u64(result, number + 1);
    return number == 6 ? WTL_OK : WTL_STORAGE;
}

void tell_of_work(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_call_options options = {0};
    unsigned which = 1;
    unsigned number = 6;
    (void)teller;
    (void)wtl_work(x, work, &number, sizeof number, answered(&options, &which));
    which = 2;
    number = 8;
    (void)wtl_work(x, work, &number, sizeof number, answered(&options, &which));
}

void tell_of_memory(struct wtl_ctx *x, struct teller *teller)
{
    void *first = wtl_alloc(x, 40000);
    note(teller, "%d", first != NULL);
    wtl_free(x, first);
    void *second = wtl_alloc(x, 40000); /* both would be over the cap */
    note(teller, "%d", second != NULL);
    wtl_free(x, second);
    struct wtl_writer body;
    note(teller, "%d", wtl_message_open(x, &body, (size_t)WTL_BODY_MAX + 1));
    note(teller, "%s", wtl_status_word(wtl_try_tell(x, wtl_self(x), WTL_TAG("came"), &body)));
}

/* Who is over its cap is killed, when its function has returned. */
void tell_of_hunger(struct wtl_ctx *x, struct teller *teller)
{
    wtl_tell(x, bear(x, teller, 0, false), WTL_TAG("eat"), NULL);
}

/* It stays ready until it is unwatched. */
void tell_of_readiness(struct wtl_ctx *x, struct teller *teller)
{
    teller->fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    note(teller, "%s", wtl_status_word(wtl_fd_watch(x, teller->fd, WTL_FD_READ)));
    note(teller, "%s", wtl_status_word(wtl_fd_watch(x, teller->fd, WTL_FD_READ)));
}

void keep(struct wtl_ctx *x, struct teller *teller, const struct wtl_msg *message)
{
    if (teller->kept == NULL) {
        teller->kept = wtl_keep(x, message);
        note(teller, "k%d", teller->kept == message);
        tell_number(x, wtl_self(x), WTL_TAG("keep"), 0);
    } else {
        note(teller, "%lu", number_of(teller->kept));
        (void)!wtl_forward(x, wtl_self(x), WTL_TAG("came"), teller->kept);
        wtl_release(x, teller->kept);
        teller->kept = NULL;
    }
}
