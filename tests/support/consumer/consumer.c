/* consumer.c - a small program of somebody else, which embeds an installed runtime and runs one
 * actor in it; package.sh beside it builds and runs it. */
#include <stdbool.h>
#include <stdio.h>
#include <wattle/runtime.h>
#include <wattle/wattle.h>

struct greeter {
    unsigned greeted;
};

static enum wtl_status greet(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)message;
    struct greeter *greeter = self;
    greeter->greeted++;
    (void)printf("greeted %u\n", greeter->greeted);
    return greeter->greeted == 2 ? WTL_STOP : WTL_OK;
}

static WTL_ACTOR(greeter, struct greeter, .handle = greet);

int main(void)
{
    struct wtl_error error = {0};
    struct wtl_runtime *runtime = NULL;
    const struct wtl_runtime_options options = {.workers = 2};
    if (wtl_runtime_create(&options, &runtime, &error) != WTL_OK) {
        (void)fprintf(stderr, "consumer: %s\n", error.text);
        return 1;
    }
    struct wtl_pid pid = wtl_runtime_spawn(runtime, &greeter, NULL);
    bool sent = true;
    for (unsigned i = 0; i < 2; i++) {
        struct wtl_writer body;
        sent = sent && wtl_runtime_message(&body, 16) &&
               wtl_runtime_tell(runtime, pid, WTL_TAG("greet"), &body) == WTL_OK;
    }
    if (sent) {
        wtl_runtime_join(runtime, pid);
    }
    bool ended = wtl_runtime_live(runtime) == 0;
    wtl_runtime_destroy(runtime);
    return sent && ended ? 0 : 1;
}
