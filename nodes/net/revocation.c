/*
 * revocation.c - see revocation.h.
 *
 * The timer asks for a look, a thread of libuv's pool takes it (a file system may hang), and what
 * it has found is judged back on the loop. One look is under way at a time; between looks nobody
 * but the loop touches anything here, and during one the pool has `look` for itself.
 */
#include "net/revocation.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "base/log.h"
#include "certs/civil.h"
#include "net/tls.h"

/* How a changed file is told from the one that was read last; all zero: there is none. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed;
};

struct look {
    struct stamp stamp; /* of the file that was read last, whatever became of it */
    bool is_new;        /* the file has changed since the look before */
    struct wtl_revoked *lists;
    struct wtl_error error;
};

enum life { LIFE_FRESH = 1, LIFE_AGING, LIFE_STALE };

struct wtl__revocation {
    char *path;
    const struct wtl_bundle *own;
    struct wtl_revoked *lists; /* in use */
    enum life life;
    struct look look;
    struct wtl__loop *loop; /* NULL: not started */
    struct wtl__loop_timer timer;
    uv_work_t work;
    bool is_looking;
    bool is_stopped;
    wtl__revocation_news news;
    void *context;
};

/* ---- reading --------------------------------------------------------------------------------- */

static struct stamp stamp_of(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return (struct stamp){0};
    }
    return (struct stamp){.device = info.st_dev,
                          .inode = info.st_ino,
                          .size = info.st_size,
                          .modified = info.st_mtim,
                          .changed = info.st_ctim};
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

static void read_file(struct wtl__revocation *revocation)
{
    struct look *look = &revocation->look;
    look->error = (struct wtl_error){0};
    enum wtl_status status =
        wtl_revoked_read(revocation->path, revocation->own, &look->lists, &look->error);
    WTL_ASSERT((status == WTL_OK) == (look->lists != NULL));
}

/* The stamp is taken first: a file that changes meanwhile is read again by the next look. */
static void look_again(struct wtl__revocation *revocation)
{
    struct look *look = &revocation->look;
    struct stamp stamp = stamp_of(revocation->path);
    look->is_new = !same(&stamp, &look->stamp);
    look->stamp = stamp;
    if (look->is_new) {
        read_file(revocation);
    }
}

/* ---- judging --------------------------------------------------------------------------------- */

static void log_lists(const struct wtl__revocation *revocation, int64_t now_s)
{
    struct wtl_revoked_summary sum = wtl_revoked_sum(revocation->lists);
    char until[WTL__CIVIL_TEXT];
    wtl__log(wtl__log_process(), WTL__LOG_INFO, "revoked_list",
             WTL__LOG_TEXT("file", revocation->path), WTL__LOG_NUMBER("number", sum.number),
             WTL__LOG_NUMBER("revoked", sum.certificates),
             WTL__LOG_TEXT("until", wtl__civil_text(sum.next_update_s, until)));
    if (sum.this_update_s > now_s) {
        wtl__log(wtl__log_process(), WTL__LOG_WARN, "revoked_list_early",
                 WTL__LOG_TEXT("file", revocation->path),
                 WTL__LOG_TEXT("text", "it was signed after what this machine's clock says: is the "
                                       "clock behind?"));
    }
}

/* Says once when the lists in use grow old, and when they have ended. */
static void look_at_life(struct wtl__revocation *revocation, int64_t now_s)
{
    struct wtl_revoked_summary sum = wtl_revoked_sum(revocation->lists);
    int64_t half_s = sum.this_update_s + (sum.next_update_s - sum.this_update_s) / 2;
    enum life life = now_s > sum.next_update_s ? LIFE_STALE
                     : now_s > half_s          ? LIFE_AGING
                                               : LIFE_FRESH;
    char until[WTL__CIVIL_TEXT];
    if (life == revocation->life) {
        return;
    }
    revocation->life = life;
    (void)wtl__civil_text(sum.next_update_s, until);
    if (life == LIFE_AGING) {
        wtl__log(wtl__log_process(), WTL__LOG_WARN, "revoked_list_aging",
                 WTL__LOG_TEXT("file", revocation->path), WTL__LOG_NUMBER("number", sum.number),
                 WTL__LOG_TEXT("until", until),
                 WTL__LOG_TEXT("text", "more than half of its life is over, and after it nobody is "
                                       "let in; sign a new one: wattle ca revoke --ca DIR"));
    } else if (life == LIFE_STALE) {
        wtl__log(wtl__log_process(), WTL__LOG_ERROR, "revoked_list_stale",
                 WTL__LOG_TEXT("file", revocation->path), WTL__LOG_NUMBER("number", sum.number),
                 WTL__LOG_TEXT("until", until),
                 WTL__LOG_TEXT("text",
                               "it has ended: there are no new links until there is a newer "
                               "one; sign it: wattle ca revoke --ca DIR"));
    }
}

static void refuse_file(const struct wtl__revocation *revocation, const char *reason)
{
    struct wtl_revoked_summary sum = wtl_revoked_sum(revocation->lists);
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "revoked_list_refused",
             WTL__LOG_TEXT("file", revocation->path), WTL__LOG_TEXT("reason", reason),
             WTL__LOG_NUMBER("kept", sum.number));
}

static void check_own(const struct wtl__revocation *revocation)
{
    struct wtl_error error = {0};
    const char *word = "";
    if (wtl_revoked_check(revocation->lists, &revocation->own->identity, &word, &error) != WTL_OK) {
        wtl__log(wtl__log_process(), WTL__LOG_ERROR, "own_certificate_refused",
                 WTL__LOG_TEXT("word", word), WTL__LOG_TEXT("reason", error.text));
    }
}

/* What the pool has read takes the place of what is in use, if it may. */
static void judge(struct wtl__revocation *revocation, int64_t now_s)
{
    struct look *look = &revocation->look;
    struct wtl_revoked *fresh = look->lists;
    struct wtl_error error = {0};
    look->lists = NULL;
    if (fresh == NULL) {
        refuse_file(revocation, look->error.text);
        return;
    }
    if (wtl_revoked_follows(fresh, revocation->lists, now_s, &error) != WTL_OK) {
        refuse_file(revocation, error.text);
        wtl_revoked_destroy(fresh);
        return;
    }
    wtl_revoked_destroy(revocation->lists);
    revocation->lists = fresh;
    log_lists(revocation, now_s);
    check_own(revocation);
    revocation->news(revocation->context);
}

/* ---- the timer and the pool ------------------------------------------------------------------ */

static void set_timer(struct wtl__revocation *revocation)
{
    wtl__loop_timer_set(revocation->loop, &revocation->timer,
                        wtl__loop_now_ms(revocation->loop) + WTL__REVOCATION_LOOK_MS);
}

static void on_pool(uv_work_t *work)
{
    struct wtl__revocation *revocation = WTL_CONTAINER(work, struct wtl__revocation, work);
    look_again(revocation);
    wtl_tls_thread_end(); /* signatures were checked here */
}

static void on_looked(uv_work_t *work, int status)
{
    struct wtl__revocation *revocation = WTL_CONTAINER(work, struct wtl__revocation, work);
    int64_t now_s = wtl__loop_wall_s();
    revocation->is_looking = false;
    if (revocation->is_stopped) {
        return;
    }
    wtl__loop_awake(revocation->loop);
    if (status == 0 && revocation->look.is_new) {
        judge(revocation, now_s);
    }
    look_at_life(revocation, now_s);
    set_timer(revocation);
}

void wtl__revocation_look(struct wtl__revocation *revocation)
{
    WTL_ASSERT(!revocation->is_looking);
    revocation->is_looking =
        uv_queue_work(wtl__loop_uv(revocation->loop), &revocation->work, on_pool, on_looked) == 0;
    if (!revocation->is_looking) {
        set_timer(revocation);
    }
}

static void on_timer(struct wtl__loop_timer *timer)
{
    wtl__revocation_look(WTL_CONTAINER(timer, struct wtl__revocation, timer));
}

/* ---- life ------------------------------------------------------------------------------------ */

enum wtl_status wtl__revocation_create(const char *path, const struct wtl_bundle *own,
                                       struct wtl__revocation **revocation_out,
                                       struct wtl_error *error)
{
    struct wtl__revocation *revocation = calloc(1, sizeof *revocation);
    const char *word = "";
    *revocation_out = NULL;
    if (revocation == NULL || (revocation->path = strdup(path)) == NULL) {
        free(revocation);
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the revocation lists");
    }
    revocation->own = own;
    revocation->timer.fire = on_timer;
    revocation->look.stamp = stamp_of(path);
    read_file(revocation);
    revocation->lists = revocation->look.lists;
    revocation->look.lists = NULL;
    enum wtl_status status = WTL_OK;
    if (revocation->lists == NULL) {
        status = revocation->look.error.status;
        (void)wtl_fail(error, status, "%s", revocation->look.error.text);
    } else {
        status = wtl_revoked_check(revocation->lists, &own->identity, &word, error);
    }
    if (status != WTL_OK) {
        wtl__revocation_destroy(revocation);
        return status;
    }
    log_lists(revocation, wtl__loop_wall_s());
    look_at_life(revocation, wtl__loop_wall_s());
    *revocation_out = revocation;
    return WTL_OK;
}

void wtl__revocation_destroy(struct wtl__revocation *revocation)
{
    if (revocation == NULL) {
        return;
    }
    WTL_ASSERT(!revocation->is_looking);
    wtl_revoked_destroy(revocation->lists);
    wtl_revoked_destroy(revocation->look.lists);
    free(revocation->path);
    free(revocation);
}

void wtl__revocation_start(struct wtl__revocation *revocation, struct wtl__loop *loop,
                           wtl__revocation_news news, void *context)
{
    revocation->loop = loop;
    revocation->news = news;
    revocation->context = context;
    set_timer(revocation);
}

void wtl__revocation_stop(struct wtl__revocation *revocation)
{
    revocation->is_stopped = true;
    if (revocation->loop != NULL) {
        wtl__loop_timer_clear(revocation->loop, &revocation->timer);
    }
    if (revocation->is_looking) {
        (void)uv_cancel((uv_req_t *)&revocation->work); /* or it ends while the loop is drained */
    }
}

/* ---- asking ---------------------------------------------------------------------------------- */

enum wtl_status wtl__revocation_check(const struct wtl__revocation *revocation,
                                      const struct wtl_identity *identity, const char **word_out,
                                      struct wtl_error *error)
{
    return wtl_revoked_check(revocation->lists, identity, word_out, error);
}

enum wtl_status wtl__revocation_admit(void *revocation, const struct wtl_identity *identity,
                                      const char **word_out, struct wtl_error *error)
{
    const struct wtl__revocation *self = revocation;
    return wtl_revoked_admit(self->lists, identity, wtl__loop_wall_s(), word_out, error);
}
