/* example.c - the collection that docs/ACTORS.md shows, word for word, and what it does. */
#include "../actor/kit.h"

#include <wattle/requests.h>

enum { SENSORS = 3 };

struct room {
    struct wtl_pid sensors[SENSORS];
    uint32_t read;
    double celsius;
};

static enum wtl_status all_read(struct wtl_ctx *x, void *self, const struct wtl_request *requests,
                                void *context)
{
    struct room *room = self;
    (void)context;
    room->read = 0;
    room->celsius = 0;
    for (const struct wtl_request *one = requests; one != NULL; one = one->next) {
        double celsius = 0;
        if (one->answer.status != WTL_OK) {
            wtl_log(x, WTL_LOG_WARN,
                    one->label == 0 ? "the door says nothing" : "a wall is silent");
        } else if (wtl_getf(&one->answer.message, "celsius=%lf", &celsius) == WTL_OK) {
            room->celsius += celsius;
            room->read++;
        }
    }
    return WTL_OK;
}

static enum wtl_status room_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct room *room = self;
    if (wtl_is(message, "read")) {
        struct wtl_requests *all = wtl_requests_create(
            x, &(struct wtl_requests_options){.deadline_ms = 500, .on_done = all_read});
        for (uint32_t i = 0; i < SENSORS; i++) {
            (void)!wtl_requests_call(x, all, i, room->sensors[i], WTL_TAG("read"), NULL);
        }
    }
    return WTL_OK;
}

static struct kit kit;
static struct kit_puppet sensors[SENSORS];
static struct room *seen;

static enum wtl_status room_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    (void)x;
    (void)settings;
    (void)args;
    seen = self;
    for (uint32_t i = 0; i < SENSORS; i++) {
        seen->sensors[i] = sensors[i].pid;
    }
    return WTL_OK;
}

static WTL_ACTOR(room, struct room, .init = room_init, .handle = room_handle);

static enum wtl_status sensor_reads(struct wtl_ctx *x, struct kit_puppet *p,
                                    const struct wtl_msg *m)
{
    (void)p;
    wtl_replyf(x, m, "celsius=%lf", 20.5);
    return WTL_OK;
}

static void spawn_room(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    (void)cmd;
    wtl_tell(x, wtl_spawn(x, &room, NULL), WTL_TAG("read"), NULL);
}

Test(requests, L13_the_example_of_the_guide)
{
    kit_init(&kit, 1);
    for (uint32_t i = 0; i < SENSORS; i++) {
        sensors[i] = (struct kit_puppet){.message = i == 0 ? NULL : sensor_reads};
        kit_spawn(&kit, &sensors[i], NULL);
    }
    kit_do(&kit, &sensors[0], (struct kit_cmd){.fn = spawn_room});
    kit_settle(&kit);
    kit_advance(&kit, 499);
    cr_assert_eq(seen->read, 0);
    kit_advance(&kit, 1);
    cr_assert_eq(seen->read, SENSORS - 1);
    cr_assert_float_eq(seen->celsius, 41.0, 0.001);
    kit_deinit(&kit);
}
