/* model_show.c - running a history, and what is seen of it. See model.h. */
#include "model_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_time(const void *left, const void *right)
{
    const struct line *a = left;
    const struct line *b = right;
    int order = moment_compare(a->at, b->at);
    return order != 0 ? order : a->order < b->order ? -1 : 1;
}

static const char *state_word(const struct child *child)
{
    if (child->state != RUNNING) {
        return child->state == DOWN ? "stopped" : "restarting";
    }
    switch (child->actor->life) {
    case STARTING:
        return "starting";
    case STOPPING:
        return "stopping";
    case DOWN:
        return child->actor->unlinked ? "running" : "ended"; /* nobody knows better */
    default:
        return "running";
    }
}

static void put(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    (void)snprintf(text + used, size - used, "%s", more);
}

static void show_children(struct view *view)
{
    char text[40];
    for (unsigned i = 0; i < model.count; i++) {
        (void)snprintf(text, sizeof text, "%s%c %s", i > 0 ? ", " : "",
                       model.children[i].spec.letter, state_word(&model.children[i]));
        put(view->children, sizeof view->children, text);
    }
    if (model.has_ended) {
        (void)snprintf(view->children, sizeof view->children, "none");
    }
    for (unsigned i = 0; i < model.starts; i++) {
        view->live += model.actors[i].life != DOWN;
        view->links += model.actors[i].life != DOWN && !model.actors[i].unlinked;
    }
}

static void show_answers(struct view *view)
{
    char text[40];
    for (unsigned i = 0; i < model.ops_count; i++) {
        struct moment at = {.ms = model.ops[i].at_ms, .op = i + 1};
        const char *answer = model.answers[i];
        if (model.ops[i].kind >= END) {
            continue;
        }
        if (answer == NULL && model.is_ending && moment_compare(at, model.end_begun) > 0) {
            answer = "shutdown"; /* it says so itself; what it has before, it leaves unanswered */
        } else if (answer == NULL) {
            answer = model.has_ended ? "closed" : "-";
        }
        (void)snprintf(text, sizeof text, "%u:%s ", i + 1, answer);
        put(view->answers, sizeof view->answers, text);
    }
}

void model_show(const struct plan *plan, const struct op *ops, unsigned count, uint64_t now_ms,
                struct view *view_out)
{
    memset(&model, 0, sizeof model);
    model.plan = plan;
    model.ops = ops;
    model.ops_count = count;
    model.now_ms = now_ms;
    if (setjmp(model.blocked) == 0) {
        model_supervise();
    }
    for (unsigned i = 0; i < model.starts; i++) {
        if (model_ends_itself(&model.actors[i]).ms != NEVER) {
            model_end_itself(&model.actors[i]);
        }
    }
    *view_out = (struct view){.restarts = model.restarts, .rests = model.rests && !model.has_ended};
    memcpy(view_out->reports, model.reports, sizeof model.reports);
    memcpy(view_out->end, model.end, sizeof model.end);
    show_children(view_out);
    show_answers(view_out);
    qsort(model.lines, model.lines_count, sizeof *model.lines, by_time);
    for (unsigned i = 0; i < model.lines_count; i++) {
        put(view_out->trace, sizeof view_out->trace, model.lines[i].text);
    }
}

unsigned model_actors(struct actor_view actors_out[STARTS_MAX])
{
    for (unsigned i = 0; i < model.starts; i++) {
        const struct actor *actor = &model.actors[i];
        actors_out[i] = (struct actor_view){
            .letter = actor->letter, .start = actor->start, .life = actor->life};
    }
    return model.starts;
}
