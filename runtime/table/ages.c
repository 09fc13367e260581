/* ages.c - see ages.h. */
#include "table/ages.h"

#include "base/pool.h"

/* Batches of the wheel's steps in one look for what has expired. */
#define BATCHES_MAX 64u

void wtl__ages_init(struct wtl__ages *ages)
{
    (void)pthread_mutex_init(&ages->lock, NULL);
    ages->wheel = NULL;
    wtl__list_init(&ages->order);
}

void wtl__ages_deinit(struct wtl__ages *ages)
{
    (void)pthread_mutex_destroy(&ages->lock);
    wtl__pool_give(ages->wheel);
}

bool wtl__ages_have_wheel(struct wtl__ages *ages, uint64_t now_ms)
{
    (void)pthread_mutex_lock(&ages->lock);
    if (ages->wheel == NULL) {
        ages->wheel = wtl__pool_take(sizeof *ages->wheel);
        if (ages->wheel != NULL) {
            wtl__wheel_init(ages->wheel, now_ms);
        }
    }
    bool have = ages->wheel != NULL;
    (void)pthread_mutex_unlock(&ages->lock);
    return have;
}

void wtl__ages_add(struct wtl__ages *ages, struct wtl__entry *entry, bool evicts)
{
    struct wtl__aging *aging = wtl__entry_aging(entry);
    (void)pthread_mutex_lock(&ages->lock);
    if (!aging->gone) {
        if (aging->expires_ms != WTL__WHEEL_NEVER) {
            wtl__wheel_add(ages->wheel, &aging->timer, aging->expires_ms);
        }
        if (evicts) {
            wtl__list_push_last(&ages->order, &aging->order);
        }
    }
    (void)pthread_mutex_unlock(&ages->lock);
}

void wtl__ages_remove(struct wtl__ages *ages, struct wtl__entry *entry)
{
    struct wtl__aging *aging = wtl__entry_aging(entry);
    (void)pthread_mutex_lock(&ages->lock);
    aging->gone = true;
    if (wtl__timer_is_added(&aging->timer)) {
        (void)wtl__wheel_remove(ages->wheel, &aging->timer);
    }
    wtl__link_remove(&aging->order);
    (void)pthread_mutex_unlock(&ages->lock);
}

unsigned wtl__ages_expire(struct wtl__ages *ages, uint64_t now_ms,
                          struct wtl__entry *expired_out[WTL__AGES_BATCH])
{
    struct wtl__list fired;
    unsigned count = 0;
    wtl__list_init(&fired);
    (void)pthread_mutex_lock(&ages->lock);
    bool more = ages->wheel != NULL;
    /* a batch of the wheel's steps may bring nothing but timers that come nearer */
    for (unsigned batches = 0; more && count == 0 && batches < BATCHES_MAX; batches++) {
        more = wtl__wheel_expire(ages->wheel, now_ms, WTL__AGES_BATCH, &fired);
        for (struct wtl__link *link; (link = wtl__list_take_first(&fired)) != NULL; count++) {
            struct wtl__timer *timer = WTL_LIST_ITEM(link, struct wtl__timer, link);
            expired_out[count] =
                wtl__entry_of_aging(WTL_CONTAINER(timer, struct wtl__aging, timer));
        }
    }
    (void)pthread_mutex_unlock(&ages->lock);
    return count;
}

struct wtl__entry *wtl__ages_oldest(struct wtl__ages *ages)
{
    struct wtl__entry *entry = NULL;
    (void)pthread_mutex_lock(&ages->lock);
    for (unsigned chances = 0; chances <= WTL__AGES_CHANCES; chances++) {
        struct wtl__link *link = wtl__list_take_first(&ages->order);
        if (link == NULL) {
            break;
        }
        entry = wtl__entry_of_aging(WTL_CONTAINER(link, struct wtl__aging, order));
        uint8_t marks = atomic_fetch_and_explicit(&entry->marks, (uint8_t)~WTL__ENTRY_USED,
                                                  memory_order_relaxed);
        if ((marks & WTL__ENTRY_USED) == 0 || chances == WTL__AGES_CHANCES) {
            break;
        }
        wtl__list_push_last(&ages->order, link);
        entry = NULL;
    }
    (void)pthread_mutex_unlock(&ages->lock);
    return entry;
}

uint64_t wtl__ages_next_ms(struct wtl__ages *ages)
{
    uint64_t next = WTL__WHEEL_NEVER;
    (void)pthread_mutex_lock(&ages->lock);
    if (ages->wheel != NULL) {
        next = wtl__wheel_next_ms(ages->wheel);
    }
    (void)pthread_mutex_unlock(&ages->lock);
    return next;
}
