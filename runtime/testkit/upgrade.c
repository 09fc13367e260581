/*
 * upgrade.c - the actors of a module go over to another version of it, as in a node. See world.h.
 */
#include "testkit/world.h"

#include <string.h>

#include "module/upgrade.h"

/* Behind that it is decided, one way or the other. */
#define UPGRADE_NS ((WTL__UPGRADE_MS + 1) * WTL__NS_PER_MS)

static void done(void *context, const struct wtl__module_outcome *outcome)
{
    struct wtl_test *t = context;
    t->upgrade.is_done = true;
    t->upgrade.actors = outcome->actors;
    t->upgrade.error = outcome->error;
    if (outcome->error.status == WTL_OK) {
        wtl_test_note(t, "upgraded %s %s -> %s, actors: %u", outcome->name, outcome->from,
                      outcome->to, outcome->actors);
    }
}

static enum wtl_status begin(struct wtl_test *t, const char *module, const char *path,
                             struct wtl_error *error)
{
    struct wtl__image image;
    enum wtl_status status = wtl__image_open(path, &image, error);
    if (status != WTL_OK) {
        return wtl__module_about(error, status, path);
    }
    struct wtl__module_order order = {.runtime = &t->step.runtime,
                                      .upgrader = t->upgrade.upgrader,
                                      .modules = wtl__test_modules(),
                                      .name = module,
                                      .image = &image,
                                      .how = WTL__MODULE_AGAIN,
                                      .context = t,
                                      .done = done};
    return wtl__module_upgrade(&order, error);
}

/* Runs until it is decided; what came of it is in t->upgrade. False: the world has failed. */
static bool upgrade(struct wtl_test *t, const char *module, const char *path)
{
    struct wtl_error error = {0};
    uint64_t end_ns = t->step.now_ns + UPGRADE_NS;
    if (t->is_over) {
        return false;
    }
    if (wtl_pid_is_none(t->upgrade.upgrader)) {
        t->upgrade.upgrader = wtl__upgrader_spawn(&t->step.runtime);
        WTL_ASSERT(!wtl_pid_is_none(t->upgrade.upgrader));
        t->own_count++;
    }
    t->upgrade.is_done = begin(t, module, path, &error) != WTL_OK;
    t->upgrade.actors = 0;
    t->upgrade.error = error;
    bool goes_on = wtl__test_settle(t);
    while (goes_on && !t->upgrade.is_done) {
        goes_on = wtl__test_to_timer(t, end_ns);
    }
    if (goes_on && t->upgrade.error.status != WTL_OK) {
        wtl_test_note(t, "not upgraded: %s", t->upgrade.error.text);
    }
    return goes_on;
}

uint32_t wtl__test_upgrade(struct wtl_test *t, const char *module, const char *path)
{
    if (!upgrade(t, module, path)) {
        return 0;
    }
    if (t->upgrade.error.status != WTL_OK) {
        wtl__test_fail(t, "expected that %s goes over to %s, and all is as before: %s", module,
                       path, t->upgrade.error.text);
    }
    return t->upgrade.actors;
}

bool wtl__test_expect_no_upgrade(struct wtl_test *t, const char *module, const char *path,
                                 const char *words)
{
    if (!upgrade(t, module, path)) {
        return false;
    }
    if (t->upgrade.error.status == WTL_OK) {
        wtl__test_fail(t,
                       "expected that %s does not go over to %s (\"%s\"), and it has, with %u "
                       "actors",
                       module, path, words, t->upgrade.actors);
        return false;
    }
    if (strstr(t->upgrade.error.text, words) == NULL) {
        wtl__test_fail(t, "expected \"%s\" in why %s does not go over, which is: %s", words, module,
                       t->upgrade.error.text);
        return false;
    }
    return true;
}
