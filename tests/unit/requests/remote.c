/* remote.c - a collection over two nodes: some answer, and then the wire is cut. */
#include "../actor/wire.h"
#include "requests_kit.h"

enum { NEAR, FAR, SILENT, ALL };

static struct kit_puppet there[ALL]; /* but for the first, which is here */

static enum wtl_status reply(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)p;
    wtl_reply(x, m, NULL);
    return WTL_OK;
}

static enum wtl_status on_each(struct wtl_ctx *x, void *self, uint64_t label,
                               const struct wtl_answer *answer, void *context)
{
    (void)x;
    (void)self;
    (void)context;
    gathered.ends[label] = answer->status;
    gathered.answers++;
    return WTL_OK;
}

static enum wtl_status on_all(struct wtl_ctx *x, void *self, const struct wtl_request *requests,
                              void *context)
{
    (void)x;
    (void)self;
    (void)context;
    gathered.dones++;
    for (const struct wtl_request *one = requests; one != NULL; one = one->next) {
        gathered.count++;
    }
    return WTL_OK;
}

static void ask_both_nodes(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    struct wtl_requests *requests = wtl_requests_create(
        x, &(struct wtl_requests_options){
               .deadline_ms = WTL_CALL_FOREVER, .on_answer = on_each, .on_done = on_all});
    for (uint32_t i = 0; i < ALL; i++) {
        cr_assert_eq(wtl_requests_call(x, requests, i, there[i].pid, WTL_TAG("ask"), NULL), WTL_OK);
    }
}

Test(requests, L13_a_collection_reaches_over_nodes)
{
    for (uint64_t seed = 0; seed < test_seeds(SEEDS); seed++) {
        gathered = (struct gathered){0};
        asker = (struct kit_puppet){0};
        wire_begin(seed);
        kit_spawn(&wire_nodes[0], &asker, NULL);
        for (uint32_t i = 0; i < ALL; i++) {
            there[i] = (struct kit_puppet){.message = i == SILENT ? NULL : reply};
            kit_spawn(&wire_nodes[i == NEAR ? 0 : 1], &there[i], NULL);
        }
        wire_settle();
        kit_do(&wire_nodes[0], &asker, (struct kit_cmd){.fn = ask_both_nodes});
        wire_settle();
        cr_assert_eq(gathered.answers, 2);
        cr_assert_eq(gathered.ends[NEAR], WTL_OK);
        cr_assert_eq(gathered.ends[FAR], WTL_OK);
        cr_assert_eq(gathered.dones, 0);
        wire_cut();
        wire_settle();
        cr_assert_eq(gathered.ends[SILENT], WTL_NO_CONNECTION);
        cr_assert_eq(gathered.dones, 1);
        cr_assert_eq(gathered.count, ALL);
        wire_end();
    }
}
