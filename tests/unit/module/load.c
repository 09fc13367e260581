/* load.c - modules that are right: loaded from sealed bytes or by path, found, and run. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor/kit.h"
#include "module/places.h"
#include "module_kit.h"

static void cleanup(void)
{
    wtl__modules_deinit(&kit_modules);
}

TestSuite(module, .fini = cleanup);

Test(module, X084_a_module_is_loaded_and_found)
{
    const struct wtl__module *module = kit_load(SO("good"));
    cr_assert_str_eq(module->entry->name, "good");
    cr_assert_eq(module->entry->abi_minor, 0, "it says what it needs, not what it was built with");
    cr_assert_str_eq(module->entry->version, "1.2.3");
    cr_assert_eq(wtl__module_find(&kit_modules, "good"), module);
    cr_assert_null(wtl__module_find(&kit_modules, "goo"));
    cr_assert_null(wtl__module_find(&kit_modules, "goods"));
    const struct wtl__module *from = NULL;
    const struct wtl_actor *counter = wtl__module_actor(&kit_modules, "good.counter", &from);
    cr_assert_not_null(counter);
    cr_assert_eq(from, module);
    cr_assert_str_eq(counter->fields[0].name, "start");
    cr_assert_not_null(wtl__module_actor(&kit_modules, "good.idle", NULL));
    cr_assert_null(wtl__module_actor(&kit_modules, "good", NULL));
    cr_assert_null(wtl__module_actor(&kit_modules, "good.", NULL));
    cr_assert_null(wtl__module_actor(&kit_modules, "good.nobody", NULL));
    cr_assert_null(wtl__module_actor(&kit_modules, "other.counter", NULL));
}

/* The bytes that were checked are the bytes that run. */
Test(module, X084_the_bytes_are_sealed)
{
    const struct wtl__module *module = kit_load(SO("good"));
    int fd = module->image.fd;
    cr_assert_eq(fcntl(fd, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    cr_assert_eq(write(fd, "x", 1), -1);
    cr_assert_eq(ftruncate(fd, 0), -1);
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const struct wtl__place *place = wtl__place_of((uintptr_t)module->entry);
    cr_assert_not_null(place);
    cr_assert_eq(place->module, module);
    cr_assert_str_eq(place->name, "good");
}

Test(module, X084_by_path_only_what_nobody_else_could_change)
{
    struct wtl_error error = {0};
    char copy[] = "/tmp/wattle-module-XXXXXX";
    int to = mkstemp(copy);
    int from = open(SO("good"), O_RDONLY);
    cr_assert(to >= 0 && from >= 0);
    char buffer[4096];
    for (ssize_t got; (got = read(from, buffer, sizeof buffer)) > 0;) {
        cr_assert_eq(write(to, buffer, (size_t)got), got);
    }
    (void)close(from);
    cr_assert_eq(fchmod(to, 0722), 0);
    (void)close(to);
    enum wtl_status status = wtl__module_load(&kit_modules, copy, WTL__MODULE_DEV, NULL, &error);
    cr_assert_eq(status, WTL_DENIED, "%s", error.text);
    cr_assert_not_null(strstr(error.text, "0722"), "%s", error.text);
    cr_assert_eq(chmod(copy, 0700), 0);
    status = wtl__module_load(&kit_modules, copy, WTL__MODULE_DEV, NULL, &error);
    (void)unlink(copy);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
}

Test(module, X085_a_name_is_taken_once)
{
    (void)kit_load(SO("good"));
    REFUSED(SO("good"), WTL_EXISTS, "good", "1.2.3");
}

/* The counterpart of the refusal: statics are fine when the module says that it has them. */
Test(module, X085_declared_statics_are_loaded)
{
    (void)kit_load(SO("statics_declared"));
}

Test(module, X085_a_stripped_module_is_loaded)
{
    (void)kit_load(SO("stripped"));
}

static void asks(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    kit_body(x, &body, cmd->number);
    (void)wtl_call(x, cmd->pid, WTL_TAG("add"), &body, KIT_CALL(p));
}

static enum wtl_status note_reply(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)x;
    p->last = kit_number(m);
    return WTL_OK;
}

/* Formats, memory and strings of the module are its own; settings have their defaults. */
Test(module, X084_an_actor_of_a_module_runs)
{
    (void)kit_load(SO("good"));
    const struct wtl_actor *type = wtl__module_actor(&kit_modules, "good.counter", NULL);
    struct kit kit;
    struct kit_puppet p = {.message = note_reply};
    kit_init(&kit, 3);
    struct wtl_pid counter = wtl__spawn(&kit.step.runtime, NULL, type, NULL, 0);
    (void)kit_spawn(&kit, &p, &kit_type);
    kit_do(&kit, &p, (struct kit_cmd){.fn = asks, .pid = counter, .number = 2});
    kit_settle(&kit);
    const struct kit_event *answer = kit_only(&p, KIT_ANSWER);
    cr_assert_eq(answer->status, WTL_OK);
    cr_assert_eq(answer->number, 42);
    kit_deinit(&kit);
}

static void knocks(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)wtl_call(x, cmd->pid, WTL_TAG("knock"), NULL, KIT_CALL(p));
}

static void opens(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)wtl_call(x, cmd->pid, WTL_TAG("open"), NULL, KIT_CALL(p));
}

/* The machine is a part of the module, which imports nothing. */
Test(module, L16_a_state_machine_of_a_module_runs)
{
    (void)kit_load(SO("door"));
    const struct wtl_actor *type = wtl__module_actor(&kit_modules, "house.door", NULL);
    struct kit kit;
    struct kit_puppet p = {.silent = true};
    kit_init(&kit, 3);
    struct wtl_pid door = wtl__spawn(&kit.step.runtime, NULL, type, NULL, 0);
    (void)kit_spawn(&kit, &p, &kit_type);
    for (uint32_t visitors = 1; visitors <= 2; visitors++) {
        kit_do(&kit, &p, (struct kit_cmd){.fn = knocks, .pid = door});
        kit_settle(&kit);
        cr_assert_eq(kit_count(&p, KIT_ANSWER), 2 * (visitors - 1), "it was closed");
        kit_do(&kit, &p, (struct kit_cmd){.fn = opens, .pid = door});
        kit_settle(&kit);
        cr_assert_eq(kit_nth(&p, KIT_ANSWER, 2 * visitors - 1)->number, visitors);
        kit_advance(&kit, 3001);
    }
    kit_deinit(&kit);
}

/* Nothing that refers to a module's code (a type, a timer, work on the pool) can be left without
 * it: code that was loaded is never unmapped, also when the table is gone; loading it again makes
 * another copy. */
Test(module, X097_code_stays_for_as_long_as_the_process_lives)
{
    Dl_info first;
    Dl_info again;
    const struct wtl_module *entry = kit_load(SO("good"))->entry;
    const struct wtl_actor *type = wtl__module_actor(&kit_modules, "good.counter", NULL);
    wtl__modules_deinit(&kit_modules);
    cr_assert_neq(dladdr(entry, &first), 0, "it is not mapped any more");
    cr_expect_str_eq(entry->name, "good");
    cr_expect_null(wtl__module_find(&kit_modules, "good"));
    const struct wtl__module *other = kit_load(SO("good"));
    cr_assert_neq(other->entry, entry);
    cr_assert(dladdr(entry, &again) != 0 && again.dli_fbase == first.dli_fbase);
    struct kit kit;
    struct kit_puppet p = {.message = note_reply};
    kit_init(&kit, 3);
    struct wtl_pid counter = wtl__spawn(&kit.step.runtime, NULL, type, NULL, 0);
    (void)kit_spawn(&kit, &p, &kit_type);
    kit_do(&kit, &p, (struct kit_cmd){.fn = asks, .pid = counter, .number = 2});
    kit_settle(&kit);
    cr_expect_eq(kit_only(&p, KIT_ANSWER)->number, 42, "the first copy still works");
    kit_deinit(&kit);
}
