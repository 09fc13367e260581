/* isolated.c - see isolated.h. */
#include "process/isolated.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/pool.h"
#include "module/describe.h"
#include "process/intake.h"
#include "process/keeper.h"
#include "process/proxy.h"

/* What lives for ever, so that it is not lost. Written by whoever opens. */
static struct wtl__isolated_types *all_types;

const struct wtl_module *wtl__isolated_module(const struct wtl__isolated *isolated)
{
    return &isolated->types->manifest.module;
}

bool wtl__isolated_has(const struct wtl_module *module, const struct wtl_actor *type)
{
    const struct wtl__isolated_types *types =
        WTL_CONTAINER(module, const struct wtl__isolated_types, manifest.module);
    bool has = false;
    for (uint32_t i = 0; i < module->actors_count && !has; i++) {
        has = type == &types->list[i].actor || type == &types->list[i].born;
    }
    return has;
}

/* ---- asking the module what it is ----------------------------------------------------------- */

struct question {
    struct wtl__manifest *manifest;
    struct wtl_error *error;
    enum wtl_status status; /* WTL_LATER: it has not answered */
    uint32_t load_ms;
};

static bool on_frames(void *context, uint64_t local, const uint8_t *bytes, size_t size)
{
    struct question *question = context;
    struct wtl__pipe_frame frame;
    (void)local;
    if (question->status != WTL_LATER ||
        !wtl__pipe_get(bytes, size, WTL__PIPE_FROM_CHILD, &frame)) {
        return false;
    }
    if (frame.kind == WTL__PIPE_FAILED) {
        question->status =
            wtl_fail(question->error, frame.status != WTL_OK ? frame.status : WTL_SYSTEM, "%.*s",
                     (int)(frame.size < 320 ? frame.size : 320),
                     frame.body != NULL ? (const char *)frame.body : "");
    } else if (frame.kind == WTL__PIPE_HELLO) {
        question->status = wtl__manifest_get(frame.body, frame.size, question->manifest);
        if (question->status != WTL_OK) {
            (void)wtl_fail(question->error, question->status,
                           "has a description that cannot be read: %s",
                           wtl_status_text(question->status));
        }
    }
    return true;
}

/* Reads what there is. False: the child is gone, or talks nonsense. */
static bool listen_once(const struct wtl__child *child, struct wtl__intake *intake,
                        struct question *question)
{
    size_t room = 0;
    uint8_t *at = wtl__intake_room(intake, &room);
    ssize_t got = at != NULL ? recv(child->socket, at, room, MSG_DONTWAIT) : 0;
    if (got < 0) {
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    }
    return got > 0 && wtl__intake_took(intake, (size_t)got, on_frames, question);
}

static enum wtl_status hear_out(const struct wtl__child *child, struct question *question)
{
    struct wtl__intake intake;
    const struct wtl__clock *clock = wtl__clock_system();
    uint64_t end_ns = wtl__clock_now_ns(clock) + question->load_ms * WTL__NS_PER_MS;
    bool goes_on = wtl__intake_init(&intake);
    while (goes_on && question->status == WTL_LATER) {
        uint64_t now_ns = wtl__clock_now_ns(clock);
        struct pollfd ready = {.fd = child->socket, .events = POLLIN};
        if (now_ns >= end_ns) {
            question->status =
                wtl_fail(question->error, WTL_TIMEOUT,
                         "was not loaded within %u ms in its process: what it does when it is "
                         "loaded does not end",
                         question->load_ms);
            break;
        }
        (void)poll(&ready, 1, (int)((end_ns - now_ns) / WTL__NS_PER_MS + 1));
        goes_on = listen_once(child, &intake, question);
    }
    wtl__intake_deinit(&intake);
    return question->status;
}

static void fill_orders(const struct wtl__isolated *isolated, struct wtl__child_config *config)
{
    *config = (struct wtl__child_config){.program = isolated->program, .image = isolated->image_fd};
    config->orders.version = WTL__PIPE_VERSION;
    config->orders.may = isolated->config.may;
    config->orders.budget_ms = isolated->config.budget_ms;
    config->orders.memory_max = isolated->config.memory_max;
    if (isolated->config.how == WTL__MODULE_DEV) {
        (void)snprintf(config->orders.module_path, sizeof config->orders.module_path, "%s",
                       isolated->image.path);
    }
}

/* A process that has died without an answer says by its end why. */
static enum wtl_status died(struct wtl__child *child, struct wtl_error *error)
{
    int status = 0;
    char text[40];
    const struct wtl__notes notes = wtl__board_read(child->board);
    wtl__child_kill(child); /* one that has closed its socket */
    (void)wtl__child_reap(child, true, &status);
    struct wtl_reason reason = wtl__child_reason(status, &notes);
    return wtl_fail(error, WTL_FAULT,
                    "has ended its process while it was loaded (%s): what it does when it is "
                    "loaded is broken",
                    wtl_reason_text(reason, text));
}

static enum wtl_status ask(struct wtl__isolated *isolated, struct wtl__manifest *manifest,
                           struct wtl_error *error)
{
    struct wtl__child child;
    struct wtl__child_config config;
    int ended = 0;
    struct question question = {.manifest = manifest,
                                .error = error,
                                .status = WTL_LATER,
                                .load_ms = isolated->config.load_ms};
    fill_orders(isolated, &config);
    enum wtl_status status = wtl__child_open(&child, error);
    if (status != WTL_OK) {
        return status;
    }
    status = wtl__child_start(&child, &config, error);
    if (status == WTL_OK) {
        status = hear_out(&child, &question);
        if (status == WTL_LATER) {
            status = died(&child, error);
        } else {
            wtl__child_kill(&child);
            (void)wtl__child_reap(&child, true, &ended);
        }
    }
    wtl__child_close(&child);
    return status;
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum wtl_status make_types(struct wtl__isolated *isolated, struct wtl__manifest *manifest,
                                  struct wtl_error *error)
{
    uint32_t count = manifest->module.actors_count;
    struct wtl__isolated_types *types = calloc(1, sizeof *types + count * sizeof types->list[0]);
    if (types == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "cannot be opened: memory is exhausted");
    }
    for (uint32_t i = 0; i < count; i++) {
        struct wtl__isolated_type *type = &types->list[i];
        type->module = isolated;
        type->index = i;
        type->described = manifest->table[i];
        wtl__proxy_type(type, manifest->table[i]);
    }
    types->manifest = *manifest;
    *manifest = (struct wtl__manifest){0};
    for (uint32_t i = 0; i < count; i++) {
        types->manifest.table[i] = &types->list[i].actor;
    }
    types->next = all_types;
    all_types = types;
    isolated->types = types;
    return WTL_OK;
}

static enum wtl_status look_at(struct wtl__isolated *isolated, struct wtl_error *error)
{
    struct wtl__manifest manifest = {0};
    enum wtl_status status =
        wtl__elf_check(isolated->image.bytes, isolated->image.size, &isolated->elf, error);
    if (status == WTL_OK && isolated->config.how == WTL__MODULE_DEV) {
        status = wtl__image_check_owner(&isolated->image, error);
    }
    if (status == WTL_OK) {
        /* above the descriptors that a child begins with */
        isolated->image_fd = fcntl(isolated->image.fd, F_DUPFD_CLOEXEC, 16);
        status = isolated->image_fd >= 0
                     ? wtl__child_program(isolated->config.program, &isolated->program, error)
                     : wtl_fail(error, WTL_SYSTEM, "cannot be opened: %s", strerror(errno));
    }
    if (status == WTL_OK) {
        status = ask(isolated, &manifest, error);
    }
    if (status == WTL_OK) {
        status = wtl__module_check(&manifest.module, error);
    }
    if (status == WTL_OK) {
        status = wtl__about_confirm(&isolated->elf.about, &manifest.module, error);
    }
    if (status == WTL_OK) {
        status = make_types(isolated, &manifest, error);
    }
    wtl__manifest_deinit(&manifest);
    return status;
}

enum wtl_status wtl__isolated_open_image(struct wtl__image *image,
                                         const struct wtl__isolated_config *config,
                                         struct wtl__isolated **isolated_out,
                                         struct wtl_error *error)
{
    struct wtl__isolated *isolated = calloc(1, sizeof *isolated);
    *isolated_out = NULL;
    if (isolated == NULL || pthread_mutex_init(&isolated->lock, NULL) != 0) {
        free(isolated);
        wtl__image_close(image, false);
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for a module");
    }
    isolated->config = *config;
    isolated->opened_ns = wtl__clock_now_ns(wtl__clock_system());
    isolated->program = -1;
    isolated->image_fd = -1;
    isolated->image = *image;
    image->fd = -1;
    if (isolated->config.memory_max == 0) {
        isolated->config.memory_max = WTL__ISOLATED_MEMORY;
    }
    if (isolated->config.budget_ms == 0) {
        isolated->config.budget_ms = WTL__ISOLATED_BUDGET;
    }
    if (isolated->config.load_ms == 0) {
        isolated->config.load_ms = WTL__ISOLATED_LOAD_MS;
    }
    enum wtl_status status = look_at(isolated, error);
    if (status != WTL_OK) {
        (void)wtl__module_about(error, status, isolated->image.path);
        wtl__isolated_close(isolated);
        return status;
    }
    *isolated_out = isolated;
    return WTL_OK;
}

enum wtl_status wtl__isolated_open(const char *path, const struct wtl__isolated_config *config,
                                   struct wtl__isolated **isolated_out, struct wtl_error *error)
{
    struct wtl__image image;
    enum wtl_status status = wtl__image_open(path, &image, error);
    if (status != WTL_OK) {
        *isolated_out = NULL;
        return wtl__module_about(error, status, path);
    }
    return wtl__isolated_open_image(&image, config, isolated_out, error);
}

void wtl__isolated_close(struct wtl__isolated *isolated)
{
    int ended = 0;
    if (isolated == NULL) {
        return;
    }
    while (isolated->processes != NULL) { /* their keepers were killed */
        struct wtl__process *process = isolated->processes;
        wtl__child_kill(&process->child);
        (void)wtl__child_reap(&process->child, true, &ended);
        wtl__isolated_bury(process);
    }
    wtl__image_close(&isolated->image, false);
    if (isolated->image_fd >= 0) {
        (void)close(isolated->image_fd);
    }
    if (isolated->program >= 0) {
        (void)close(isolated->program);
    }
    (void)pthread_mutex_destroy(&isolated->lock);
    free(isolated);
}

/* ---- processes ----------------------------------------------------------------------------- */

/* With the lock. */
static struct wtl__process *make(struct wtl__isolated *isolated, struct wtl__runtime *runtime,
                                 struct wtl_reason *reason_out)
{
    struct wtl__process *process = NULL;
    enum wtl_status status = wtl__process_open(runtime, isolated, &process, NULL);
    if (status != WTL_OK) {
        *reason_out = wtl_reason_of(status);
        return NULL;
    }
    if (!wtl__keeper_spawn(process)) {
        *reason_out = wtl_reason_of(WTL_NO_MEMORY);
        wtl__process_let_go(process);
        return NULL;
    }
    process->next = isolated->processes;
    isolated->processes = process;
    isolated->current = process;
    return process;
}

struct wtl__process *wtl__isolated_process(struct wtl__isolated *isolated,
                                           struct wtl__runtime *runtime,
                                           struct wtl_reason *reason_out)
{
    (void)pthread_mutex_lock(&isolated->lock);
    struct wtl__process *process = isolated->current;
    if (process == NULL) {
        process = make(isolated, runtime, reason_out);
    }
    if (process != NULL) {
        wtl__process_hold(process);
    }
    (void)pthread_mutex_unlock(&isolated->lock);
    return process;
}

struct wtl__process *wtl__isolated_parent(struct wtl__isolated *isolated, uint64_t local)
{
    (void)pthread_mutex_lock(&isolated->lock);
    struct wtl__process *process = isolated->processes;
    while (process != NULL && !wtl__process_is_born(process, local)) {
        process = process->next;
    }
    if (process != NULL) {
        wtl__process_hold(process);
    }
    (void)pthread_mutex_unlock(&isolated->lock);
    return process;
}

enum wtl_status wtl__isolated_start(struct wtl__process *process, struct wtl_error *error)
{
    struct wtl__child_config config;
    fill_orders(process->module, &config);
    config.orders.node = process->runtime->node;
    config.orders.refs = process->refs;
    config.orders.seed = process->refs ^ wtl__clock_now_ns(wtl__clock_system());
    enum wtl_status status = wtl__child_start(&process->child, &config, error);
    wtl__process_started(process);
    return status;
}

void wtl__isolated_retire(struct wtl__process *process)
{
    struct wtl__isolated *isolated = process->module;
    (void)pthread_mutex_lock(&isolated->lock);
    if (isolated->current == process) {
        isolated->current = NULL;
    }
    (void)pthread_mutex_unlock(&isolated->lock);
}

void wtl__isolated_bury(struct wtl__process *process)
{
    struct wtl__isolated *isolated = process->module;
    (void)pthread_mutex_lock(&isolated->lock);
    struct wtl__process **slot = &isolated->processes;
    while (*slot != process) {
        slot = &(*slot)->next;
    }
    *slot = process->next;
    if (isolated->current == process) {
        isolated->current = NULL;
    }
    (void)pthread_mutex_unlock(&isolated->lock);
    wtl__process_let_go(process);
}

bool wtl__isolated_is_same(const struct wtl__isolated *isolated, const uint8_t *bytes, size_t size)
{
    const struct wtl__manifest *manifest = &isolated->types->manifest;
    return size == manifest->size && memcmp(bytes, manifest->bytes, size) == 0;
}
