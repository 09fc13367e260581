/* line.c - see line.h; the versions of a clerk are in clerk.c. */
#include "line.h"

#include "base/log.h"
#include "base/pool.h"

static uint64_t sent[LINE_SENDERS][LINE_CLERKS];

static void no_sink(void *state, const char *text, size_t length)
{
    (void)state;
    (void)text;
    (void)length;
}

void line_init(struct line *line, uint64_t seed)
{
    wtl__log_set_sink(wtl__log_process(), no_sink, NULL);
    memset(line, 0, sizeof *line);
    memset(sent, 0, sizeof sent);
    line->current = 1;
    kit_init(&line->kit, seed);
    line->upgrader = wtl__upgrader_spawn(&line->kit.step.runtime);
}

void line_deinit(struct line *line)
{
    for (uint32_t i = 0; i < LINE_CLERKS; i++) {
        cr_assert_eq(line->seen[i].gaps, 0, "clerk %u has missed something", i);
    }
    kit_deinit(&line->kit);
}

struct wtl_pid line_clerk(struct line *line, uint32_t number, const struct wtl_actor *type)
{
    struct line_settings settings = {.line = line, .number = number};
    struct wtl_writer args;
    cr_assert(wtl__message_open(&args, 16));
    wtl_put_u64(&args, 100 + number);
    struct wtl_spawn_options options = {.settings = &settings, .args = &args};
    struct wtl_pid pid = wtl__spawn(&line->kit.step.runtime, NULL, type, &options, 0);
    line->seen[number].pid = pid;
    return pid;
}

struct order {
    struct wtl__upgrade upgrade;
    struct line *line;
    struct wtl__version_pair pairs[2];
    uint32_t version;
};

static struct order *order_of(struct wtl__upgrade *upgrade)
{
    return WTL_CONTAINER(upgrade, struct order, upgrade);
}

static void flipped(struct wtl__upgrade *upgrade)
{
    order_of(upgrade)->line->current = order_of(upgrade)->version;
}

static void done(struct wtl__upgrade *upgrade, struct wtl__ctx *x)
{
    struct line *line = order_of(upgrade)->line;
    (void)x;
    line->done++;
    line->status = upgrade->error.status;
    line->actors = upgrade->actors;
    memcpy(line->text, upgrade->error.text, sizeof line->text);
}

static void free_order(struct wtl__upgrade *upgrade)
{
    wtl__pool_give(order_of(upgrade));
}

static void begin_pairs(struct line *line, const struct wtl__version_pair *pairs, uint32_t count,
                        uint32_t within_ms)
{
    struct order *new = wtl__pool_take(sizeof *new);
    cr_assert_not_null(new);
    const struct wtl_actor *to = pairs[count - 1].to;
    *new = (struct order){.upgrade = {.pairs_count = count,
                                      .pairs = new->pairs,
                                      .within_ms = within_ms,
                                      .from = "1.0.0",
                                      .to = "2.0.0",
                                      .flipped = flipped,
                                      .done = done,
                                      .free = free_order},
                          .line = line,
                          .version = to == &line_v1 || to == &line_v1_no_save ? 1 : 2};
    memcpy(new->pairs, pairs, count * sizeof *pairs);
    wtl__upgrade_begin(&line->kit.step.runtime, NULL, line->upgrader, &new->upgrade);
}

void line_begin(struct line *line, const struct wtl_actor *from, const struct wtl_actor *to)
{
    line_begin_within(line, from, to, 0);
}

void line_begin_within(struct line *line, const struct wtl_actor *from, const struct wtl_actor *to,
                       uint32_t within_ms)
{
    begin_pairs(line, &(struct wtl__version_pair){.from = from, .to = to}, 1, within_ms);
}

void line_begin_two(struct line *line, const struct wtl_actor *from, const struct wtl_actor *to,
                    const struct wtl_actor *from_two, const struct wtl_actor *to_two)
{
    const struct wtl__version_pair pairs[] = {{.from = from, .to = to},
                                              {.from = from_two, .to = to_two}};
    begin_pairs(line, pairs, 2, 0);
}

enum wtl_status line_upgrade(struct line *line, const struct wtl_actor *from,
                             const struct wtl_actor *to)
{
    uint32_t before = line->done;
    line_begin(line, from, to);
    kit_settle(&line->kit);
    if (line->done == before) {
        kit_advance(&line->kit, WTL__UPGRADE_MS + 1);
    }
    cr_assert_eq(line->done, before + 1);
    return line->status;
}

static void tell(struct line *line, struct wtl_pid to, const char *tag, uint64_t a, uint64_t b)
{
    struct wtl_writer body;
    cr_assert(wtl__message_open(&body, 32));
    wtl_put_array(&body, 2);
    wtl_put_u64(&body, a);
    wtl_put_u64(&body, b);
    struct wtl__envelope *envelope = wtl__message_take(&body, WTL__MESSAGE);
    envelope->msg.tag = wtl_tag_make(tag, strlen(tag));
    (void)wtl__deliver(&line->kit.step.runtime, NULL, to, envelope);
}

void line_send(struct line *line, uint32_t sender, uint32_t clerk)
{
    tell(line, line->seen[clerk].pid, "n", sender, ++sent[sender][clerk]);
}

void line_order(struct line *line, uint32_t clerk, const char *what, struct wtl_pid about_whom)
{
    tell(line, line->seen[clerk].pid, what, about_whom.node, about_whom.local);
}

uint64_t line_sent(const struct line *line, uint32_t clerk)
{
    uint64_t sum = 0;
    (void)line;
    for (uint32_t i = 0; i < LINE_SENDERS; i++) {
        sum += sent[i][clerk];
    }
    return sum;
}
