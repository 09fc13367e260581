/* load.c - a module that does something while it is loaded: LOAD_HOW says what. */
#include <stdlib.h>

#include <wattle/module.h>
#include <wattle/wattle.h>

#define CRASHES 1
#define LOOPS   2
#define EXITS   3
#define OPENS   4

#include <fcntl.h>

static volatile int sink;

__attribute__((constructor)) static void begin(void)
{
#if LOAD_HOW == CRASHES
    uintptr_t nowhere = 8;
    __asm__ volatile("" : "+r"(nowhere));
    *(volatile int *)nowhere = 1;
#elif LOAD_HOW == LOOPS
    while (sink == 0) {
    }
#elif LOAD_HOW == EXITS
    exit(0);
#elif LOAD_HOW == OPENS
    if (open("/tmp/wattle-load", O_RDWR | O_CREAT, 0600) >= 0) {
        exit(3);
    }
#endif
    sink = 1;
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    wtl_replyf(x, message, "%d", 1);
    return WTL_OK;
}

static WTL_ACTOR(quiet, char, .handle = handle);

WTL_MODULE_AS(WTL_MODULE_STATICS, "load", "0.1.0", "Does something while it is loaded.", &quiet);
