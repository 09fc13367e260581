/* loading.c - a module that cannot be loaded, or does harm while it is, never harms the node: it is
 * refused with what was wrong, or its actors end. */
#include "module/so/victim.h"
#include "process_kit.h"

/* The time to load is short where it must pass, long where a busy machine could use it up. */
static void is_refused(const char *path, enum wtl_status status, const char *part)
{
    const struct wtl__isolated_config config = {.program = MODULE_HOST,
                                                .load_ms = status == WTL_TIMEOUT ? 300 : 10000};
    struct wtl__isolated *module = NULL;
    struct wtl_error error = {0};
    enum wtl_status came = wtl__isolated_open(path, &config, &module, &error);
    cr_assert_eq(came, status, "%s: %s", wtl_status_word(came), error.text);
    cr_assert_null(module);
    cr_assert_not_null(strstr(error.text, path), "no path in \"%s\"", error.text);
    cr_assert_not_null(strstr(error.text, part), "no \"%s\" in \"%s\"", part, error.text);
}

Test(loading, X086_a_constructor_that_crashes)
{
    is_refused(SO("load_crashes"), WTL_FAULT, "sigsegv");
}

Test(loading, X086_a_constructor_that_loops)
{
    is_refused(SO("load_loops"), WTL_TIMEOUT, "does not end");
}

Test(loading, X086_a_constructor_that_exits)
{
    is_refused(SO("load_exits"), WTL_FAULT, "exit_0");
}

Test(loading, X094_a_constructor_that_writes_a_file)
{
    if (WTL_SANITIZED) {
        cr_skip_test("a sanitizer writes files");
    }
    kit_open(1);
    (void)kit_isolate(SO("load_opens"), NULL); /* it was not allowed to */
    (void)kit_supervise("quiet", kit_type_of("quiet"), NULL);
    cr_assert_eq(kit_ask_living("quiet", "hello", 0).number, 1);
    kit_close();
}

Test(loading, X085_what_no_node_would_load)
{
    is_refused(MODULES_OF_LOADING "/no_entry.so", WTL_INVALID, "wtl_module_entry");
    is_refused(MODULES_OF_LOADING "/abi_major.so", WTL_ABI, "ABI 2.");
    is_refused(MODULES_OF_LOADING "/badly_named.so", WTL_INVALID, "Bad-Name");
    is_refused("/nonexistent/module.so", WTL_NOT_FOUND, "cannot be opened");
}

/* Types are told apart by whose they are, also those that are spawned in the process itself. */
Test(loading, U03_whose_a_type_is)
{
    const struct wtl__isolated_config config = {.program = MODULE_HOST};
    struct wtl__isolated *modules[2] = {NULL, NULL};
    cr_assert_eq(wtl__isolated_open(SO("story"), &config, &modules[0], NULL), WTL_OK);
    cr_assert_eq(wtl__isolated_open(SO("guest"), &config, &modules[1], NULL), WTL_OK);
    for (unsigned i = 0; i < 2; i++) {
        const struct wtl_module *own = wtl__isolated_module(modules[i]);
        const struct wtl_module *other = wtl__isolated_module(modules[1 - i]);
        cr_assert_gt(own->actors_count, 0);
        for (uint32_t j = 0; j < own->actors_count; j++) {
            const struct wtl_actor *born = &modules[i]->types->list[j].born;
            cr_assert(wtl__isolated_has(own, own->actors[j]));
            cr_assert(wtl__isolated_has(own, born));
            cr_assert_not(wtl__isolated_has(other, own->actors[j]));
            cr_assert_not(wtl__isolated_has(other, born));
        }
        cr_assert_not(wtl__isolated_has(own, NULL));
    }
    wtl__isolated_close(modules[0]);
    wtl__isolated_close(modules[1]);
}

Test(loading, without_the_program)
{
    const struct wtl__isolated_config config = {.program = "/nonexistent/host"};
    struct wtl__isolated *module = NULL;
    struct wtl_error error = {0};
    cr_assert_eq(wtl__isolated_open(SO("story"), &config, &module, &error), WTL_NOT_FOUND);
    cr_assert_not_null(strstr(error.text, "wattle-module-host"), "%s", error.text);
}

/* ---- before an actor is ready --------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool is_down;
    struct wtl_reason reason;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};

/* Spawns a victim that breaks in its init, and is told why. */
static enum wtl_status spawner_init(struct wtl_ctx *x, void *self, const void *settings,
                                    const struct wtl_msg *args)
{
    (void)self;
    (void)args;
    const struct wtl_spawn_options options = {.settings = settings, .monitor = true, .ack = true};
    (void)wtl_spawn(x, kit_type_of("victim"), &options);
    return WTL_OK;
}

static enum wtl_status spawner_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    cr_assert(!wtl_is(message, "started"));
    return WTL_OK;
}

static enum wtl_status spawner_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)x;
    (void)self;
    (void)pthread_mutex_lock(&seen.lock);
    seen.is_down = true;
    seen.reason = down->reason;
    (void)pthread_cond_signal(&seen.came);
    (void)pthread_mutex_unlock(&seen.lock);
    return WTL_OK;
}

static const struct wtl_actor spawner_type = {.size = sizeof(struct wtl_actor),
                                              .name = "spawner",
                                              .settings_size = sizeof(struct victim_settings),
                                              .init = spawner_init,
                                              .handle = spawner_handle,
                                              .down = spawner_down};

static void breaks_in_init(int64_t how, const char *reason)
{
    const struct victim_settings settings = {.in_init = how, .word = "x", .name = ""};
    const struct wtl__isolated_config config = {.budget_ms = how == 3 ? 300 : 5000};
    char text[40];
    kit_open(2);
    (void)kit_isolate(SO("guest"), &config);
    (void)wtl_runtime_spawn(kit.runtime, &spawner_type,
                            &(struct wtl_spawn_options){.settings = &settings});
    (void)pthread_mutex_lock(&seen.lock);
    while (!seen.is_down) {
        (void)pthread_cond_wait(&seen.came, &seen.lock);
    }
    (void)pthread_mutex_unlock(&seen.lock);
    cr_assert(kit_reason_is(seen.reason, reason), "%s", wtl_reason_text(seen.reason, text));
    kit_close();
}

Test(loading, X087_in_init)
{
    breaks_in_init(1, "fault:sigsegv");
}

Test(loading, X090_exit_in_init)
{
    breaks_in_init(2, "fault:exit_0");
}

Test(loading, X091_endless_in_init)
{
    breaks_in_init(3, "fault:timeout");
}
