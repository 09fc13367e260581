/* reports.c - what the log says of actors that fail while they stop. */
#include "kit.h"

#include <stdio.h>

#include "base/log.h"

static struct kit kit;
static struct kit_puppet victim;
static struct kit_puppet watcher;
static char log_text[4096];

static void keep_log(void *state, const char *line, size_t length)
{
    size_t used = strlen(log_text);
    (void)state;
    if (used + length < sizeof log_text) {
        memcpy(log_text + used, line, length);
        log_text[used + length] = '\0';
    }
}

static void begin(void)
{
    log_text[0] = '\0';
    wtl__log_set_sink(wtl__log_process(), keep_log, NULL);
    wtl__log_set_rate(wtl__log_process(), UINT32_MAX);
    victim = (struct kit_puppet){0};
    watcher = (struct kit_puppet){0};
    kit_init(&kit, 1);
    kit_spawn(&kit, &watcher, NULL);
}

static void spawn(void)
{
    kit_spawn(&kit, &victim, NULL);
    kit_monitor(&kit, &watcher, victim.pid);
    kit_settle(&kit);
}

/* It has ended for `reason`, and one line says so, with those words in it; NULL: no line. */
static void expect(const char *reason, const char *event, const char *words)
{
    kit_settle(&kit);
    cr_assert(kit_reason_is(kit_only(&watcher, KIT_DOWN)->reason, reason));
    if (event == NULL) {
        cr_assert_str_eq(log_text, "");
    } else {
        char line[128];
        (void)snprintf(line, sizeof line, " error %s pid=1.1 name=\"\" type=kit_type ", event);
        const char *found = strstr(log_text, line);
        cr_assert_not_null(found, "no \"%s\" in %s", line, log_text);
        cr_assert_not_null(strstr(found, words), "no \"%s\" in %s", words, log_text);
        cr_assert_null(strstr(found + 1, line), "said twice: %s", log_text);
    }
    kit_deinit(&kit);
}

static enum wtl_status as_told(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)x;
    (void)p;
    return (enum wtl_status)kit_number(m);
}

static void tell(enum wtl_status status)
{
    kit_tell(&kit, &watcher, victim.pid, status);
}

/* ---- while it stops -------------------------------------------------------------------------- */

static enum wtl_status stop_badly(struct wtl_ctx *x, struct kit_puppet *p, struct wtl_reason reason)
{
    (void)x;
    (void)p;
    (void)reason;
    return WTL_STORAGE;
}

static enum wtl_status stop_later(struct wtl_ctx *x, struct kit_puppet *p, struct wtl_reason reason)
{
    (void)x;
    (void)p;
    (void)reason;
    return WTL_LATER;
}

static void say_done(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_done(x, (enum wtl_status)cmd->number);
}

static void shut_down(void)
{
    kit_exit(&kit, &watcher, victim.pid, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    kit_settle(&kit);
}

Test(reports, an_error_of_stop)
{
    begin();
    victim.stop = stop_badly;
    spawn();
    shut_down();
    expect("shutdown", "stop_report", "reason=shutdown error=error:storage_full");
}

Test(reports, an_error_of_a_deferred_stop)
{
    begin();
    victim.stop = stop_later;
    spawn();
    shut_down();
    kit_do(&kit, &victim, (struct kit_cmd){.fn = say_done, .number = WTL_DENIED});
    expect("shutdown", "stop_report", "reason=shutdown error=error:denied");
    begin();
    victim.stop = stop_later;
    victim.message = as_told;
    spawn();
    shut_down();
    tell(WTL_BAD_PAYLOAD);
    expect("shutdown", "stop_report", "error=error:bad_payload message=number");
}

Test(reports, a_stop_that_went_well)
{
    begin();
    victim.stop = stop_later;
    spawn();
    shut_down();
    kit_do(&kit, &victim, (struct kit_cmd){.fn = say_done, .number = WTL_OK});
    expect("shutdown", NULL, NULL);
}
