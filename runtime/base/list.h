/*
 * list.h - intrusive lists: a doubly linked ring with a sentinel, and a singly linked FIFO.
 *
 * The link is a member of the item, so that nothing is allocated and an item leaves its list in a
 * few instructions. A list knows neither the type nor the count of its items.
 *
 * Thread: one at a time; the owner of the list sees to it.
 * Owns:   nothing. An item must leave its list before its memory goes.
 * Bounds: as many items as the caller puts in; the caller counts where a bound is needed.
 */
#ifndef WTL_BASE_LIST_H
#define WTL_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/* States: both NULL, in no list; both set, in one. */
struct wtl__link {
    struct wtl__link *next;
    struct wtl__link *prev;
};

struct wtl__list {
    struct wtl__link head; /* next: first item, prev: last item, or itself when empty */
};

/* The item that holds this link. */
#define WTL_LIST_ITEM(link, type, member) WTL_CONTAINER(link, type, member)

/* for each link from first to last; nothing may leave the list meanwhile. */
#define WTL_LIST_EACH(link, list)                                                                  \
    for (struct wtl__link *link = (list)->head.next; link != &(list)->head; link = link->next)

/* As WTL_LIST_EACH, and the current item, but no other, may leave the list meanwhile. */
#define WTL_LIST_EACH_SAFE(link, list)                                                             \
    for (struct wtl__link *link = (list)->head.next, *link##_next = link->next;                    \
         link != &(list)->head; link = link##_next, link##_next = link->next)

static inline void wtl__list_init(struct wtl__list *list)
{
    list->head.next = &list->head;
    list->head.prev = &list->head;
}

static inline bool wtl__list_is_empty(const struct wtl__list *list)
{
    return list->head.next == &list->head;
}

static inline bool wtl__link_is_in(const struct wtl__link *link)
{
    return link->next != NULL;
}

/* Puts `link`, which is in no list, before or behind `place`, which is in one. */
static inline void wtl__link_put_before(struct wtl__link *place, struct wtl__link *link)
{
    link->next = place;
    link->prev = place->prev;
    place->prev->next = link;
    place->prev = link;
}

static inline void wtl__link_put_behind(struct wtl__link *place, struct wtl__link *link)
{
    wtl__link_put_before(place->next, link);
}

static inline void wtl__list_push_first(struct wtl__list *list, struct wtl__link *link)
{
    wtl__link_put_before(list->head.next, link);
}

static inline void wtl__list_push_last(struct wtl__list *list, struct wtl__link *link)
{
    wtl__link_put_before(&list->head, link);
}

/* Takes `link` out of the list that it is in. In none, this does nothing. */
static inline void wtl__link_remove(struct wtl__link *link)
{
    if (link->next != NULL) {
        link->next->prev = link->prev;
        link->prev->next = link->next;
        link->next = NULL;
        link->prev = NULL;
    }
}

/* The first or the last link, which stays; NULL when the list is empty. */
static inline struct wtl__link *wtl__list_first(const struct wtl__list *list)
{
    return wtl__list_is_empty(list) ? NULL : list->head.next;
}

static inline struct wtl__link *wtl__list_last(const struct wtl__list *list)
{
    return wtl__list_is_empty(list) ? NULL : list->head.prev;
}

/* Takes the first link out; NULL when the list is empty. */
static inline struct wtl__link *wtl__list_take_first(struct wtl__list *list)
{
    struct wtl__link *link = wtl__list_first(list);
    if (link != NULL) {
        list->head.next = link->next;
        link->next->prev = &list->head;
        link->next = NULL;
        link->prev = NULL;
    }
    return link;
}

/* Moves all of `from` behind the last of `to`; `from` is empty afterwards. */
static inline void wtl__list_move_all(struct wtl__list *to, struct wtl__list *from)
{
    if (!wtl__list_is_empty(from)) {
        struct wtl__link *first = from->head.next;
        struct wtl__link *last = from->head.prev;
        first->prev = to->head.prev;
        to->head.prev->next = first;
        last->next = &to->head;
        to->head.prev = last;
        wtl__list_init(from);
    }
}

/* A FIFO of one pointer per item. All zero is an empty one. */
struct wtl__fifo_link {
    struct wtl__fifo_link *next;
};

struct wtl__fifo {
    struct wtl__fifo_link *first; /* NULL: empty, and `last` means nothing */
    struct wtl__fifo_link *last;
};

static inline bool wtl__fifo_is_empty(const struct wtl__fifo *fifo)
{
    return fifo->first == NULL;
}

static inline void wtl__fifo_push(struct wtl__fifo *fifo, struct wtl__fifo_link *link)
{
    link->next = NULL;
    if (fifo->first == NULL) {
        fifo->first = link;
    } else {
        fifo->last->next = link;
    }
    fifo->last = link;
}

static inline void wtl__fifo_push_first(struct wtl__fifo *fifo, struct wtl__fifo_link *link)
{
    if (fifo->first == NULL) {
        fifo->last = link;
    }
    link->next = fifo->first;
    fifo->first = link;
}

/* Takes the first link out; NULL when the FIFO is empty. */
static inline struct wtl__fifo_link *wtl__fifo_take(struct wtl__fifo *fifo)
{
    struct wtl__fifo_link *link = fifo->first;
    if (link != NULL) {
        fifo->first = link->next;
        link->next = NULL;
    }
    return link;
}

/* Moves all of `from` behind the last of `to`; `from` is empty afterwards. */
static inline void wtl__fifo_move_all(struct wtl__fifo *to, struct wtl__fifo *from)
{
    if (from->first != NULL) {
        if (to->first == NULL) {
            to->first = from->first;
        } else {
            to->last->next = from->first;
        }
        to->last = from->last;
        from->first = NULL;
    }
}

#endif
