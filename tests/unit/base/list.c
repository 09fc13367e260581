/* list.c - the intrusive lists. */
#include "base/list.h"

#include <criterion/criterion.h>

struct item {
    int number;
    struct wtl__link link;
    struct wtl__fifo_link fifo_link;
};

static int number_of(const struct wtl__link *link)
{
    return link == NULL ? -1 : WTL_LIST_ITEM(link, struct item, link)->number;
}

Test(list, items_keep_their_order_and_leave_from_anywhere)
{
    struct wtl__list list;
    struct item items[5] = {{0}};
    wtl__list_init(&list);
    cr_assert(wtl__list_is_empty(&list));
    cr_assert_eq(number_of(wtl__list_first(&list)), -1);
    cr_assert_null(wtl__list_take_first(&list));
    for (int i = 1; i < 5; i++) {
        items[i].number = i;
        wtl__list_push_last(&list, &items[i].link);
    }
    wtl__list_push_first(&list, &items[0].link);
    cr_assert(wtl__link_is_in(&items[2].link));
    wtl__link_remove(&items[2].link);
    wtl__link_remove(&items[2].link);
    cr_assert_not(wtl__link_is_in(&items[2].link));
    cr_assert_eq(number_of(wtl__list_first(&list)), 0);
    cr_assert_eq(number_of(wtl__list_last(&list)), 4);
    wtl__link_put_behind(&items[1].link, &items[2].link);
    int expected = 0;
    WTL_LIST_EACH (link, &list) {
        cr_assert_eq(number_of(link), expected++);
    }
    cr_assert_eq(expected, 5);
    WTL_LIST_EACH_SAFE (link, &list) {
        wtl__link_remove(link);
    }
    cr_assert(wtl__list_is_empty(&list));
}

Test(list, move_all_appends_and_leaves_nothing)
{
    struct wtl__list from;
    struct wtl__list to;
    struct item items[4] = {{0}};
    wtl__list_init(&from);
    wtl__list_init(&to);
    wtl__list_move_all(&to, &from);
    cr_assert(wtl__list_is_empty(&to));
    for (int i = 0; i < 4; i++) {
        items[i].number = i;
        wtl__list_push_last(i < 2 ? &to : &from, &items[i].link);
    }
    wtl__list_move_all(&to, &from);
    cr_assert(wtl__list_is_empty(&from));
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(number_of(wtl__list_take_first(&to)), i);
    }
    cr_assert(wtl__list_is_empty(&to));
}

Test(list, a_fifo_gives_back_in_order)
{
    struct wtl__fifo fifo = {0};
    struct wtl__fifo other = {0};
    struct item items[6] = {{0}};
    cr_assert_null(wtl__fifo_take(&fifo));
    for (int i = 1; i < 4; i++) {
        wtl__fifo_push(&fifo, &items[i].fifo_link);
    }
    wtl__fifo_push_first(&fifo, &items[0].fifo_link);
    wtl__fifo_move_all(&fifo, &other);
    wtl__fifo_push(&other, &items[4].fifo_link);
    wtl__fifo_push(&other, &items[5].fifo_link);
    wtl__fifo_move_all(&fifo, &other);
    cr_assert(wtl__fifo_is_empty(&other));
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(wtl__fifo_take(&fifo), &items[i].fifo_link);
    }
    cr_assert(wtl__fifo_is_empty(&fifo));
    wtl__fifo_push_first(&fifo, &items[3].fifo_link);
    wtl__fifo_push(&fifo, &items[1].fifo_link);
    wtl__fifo_move_all(&other, &fifo);
    cr_assert_eq(wtl__fifo_take(&other), &items[3].fifo_link);
    cr_assert_eq(wtl__fifo_take(&other), &items[1].fifo_link);
}
