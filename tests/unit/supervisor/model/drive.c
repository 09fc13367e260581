/*
 * drive.c - the model and the real supervisor, side by side, from seeds.
 *
 *   supervisor_model [--tell] [FIRST [COUNT]]
 *
 *   --tell   what is done in each seed, and what both show after it
 *
 * Each seed draws a tree and operations: asks, children that end in each way, inits that fail, hang
 * or are slow, stops that linger, time that passes. After each operation both must show the same:
 * children and their states, answers, the order of inits and stop functions, reports, restarts, the
 * end and its reason. Exit code 1 at the first difference, which is told with all that led to it.
 *
 * The supervisor_canary_* programs are this one with a bug planted in the supervisor
 * (canaries/).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "real.h"

#define TREES_PER_SEED 3u

static struct wtl__prng prng;
static struct plan plan;
static struct op ops[OPS_MAX];
static unsigned ops_count;
static struct view modelled;
static bool tells;

static unsigned draw(unsigned bound)
{
    return (unsigned)wtl__prng_below(&prng, bound);
}

/* ---- fates --------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t word)
{
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

/* Times end in 3, and those of specs in 0, so that no two timers are due at once: which of them is
 * first is nobody's promise. */
static uint64_t some_ms(uint64_t random)
{
    return 3 + 10 * (1 + random % 20);
}

struct fate fate_of(const struct plan *of, char letter, unsigned nth)
{
    uint64_t random = mix(of->seed + (uint64_t)letter * UINT64_C(0x9e3779b97f4a7c15) + nth);
    uint64_t more = mix(random);
    unsigned begin = (unsigned)(random % 100) * (nth == 1 ? 3 : 4) / 4; /* most trees do start */
    unsigned stop = (unsigned)(random / 100 % 100);
    struct fate fate = {.begin = begin < 78   ? READY
                                 : begin < 92 ? FAILS
                                 : begin < 97 ? IGNORES
                                              : HANGS,
                        .stop = stop < 80   ? STOPS
                                : stop < 90 ? DIES
                                            : LINGERS};
    if (of->strategy == SIMPLE) { /* its children are beside each other, where OTP's supervisor
                                   * blocks: the same only if nobody takes time */
        fate.begin = fate.begin == HANGS ? READY : fate.begin;
        fate.stop = fate.stop == LINGERS ? STOPS : fate.stop;
        return fate;
    }
    fate.begin_ms = more % 4 == 0 ? some_ms(more / 4) : 0;
    fate.stop_ms = more / 128 % 3 == 0 && fate.stop == STOPS ? some_ms(more / 512) : 0;
    return fate;
}

/* ---- drawing ------------------------------------------------------------------------------- */

static struct spec draw_spec(char letter)
{
    static const uint64_t stops[] = {BRUTAL, 50, 100, 5000, INFINITE};
    struct spec spec = {.letter = letter,
                        .restart = draw(2) == 0 ? PERMANENT : (enum restart)draw(3),
                        .unlinks = letter != POOL && draw(12) == 0,
                        .start_ms = letter != POOL && draw(3) == 0 ? 100 : 0,
                        .shutdown_ms = stops[draw(5)]};
    spec.significant =
        plan.auto_shutdown != SHUTDOWN_NEVER && spec.restart != PERMANENT && draw(2) == 0;
    return spec;
}

static void draw_plan(void)
{
    plan = (struct plan){.seed = wtl__prng_next(&prng),
                         .strategy = (enum strategy)draw(4),
                         .auto_shutdown =
                             draw(3) == 0 ? (enum auto_shutdown)(1 + draw(2)) : SHUTDOWN_NEVER,
                         .intensity = draw(8) == 0 ? 0 : 1 + draw(8),
                         .period_ms = 10 * (1 + draw(200))};
    plan.count = plan.strategy == SIMPLE ? 1 : draw(5);
    for (unsigned i = 0; i < plan.count; i++) {
        plan.specs[i] = draw_spec(plan.strategy == SIMPLE ? POOL : (char)('a' + i));
    }
    plan.children_max = draw(3) == 0 ? plan.count + 1 + draw(2) : 4096;
}

/* An actor that can be ended, and how. False: there is none. */
static bool draw_end(struct op *op)
{
    static struct actor_view actors[STARTS_MAX];
    unsigned count = model_actors(actors);
    unsigned living = 0;
    for (unsigned i = 0; i < count; i++) {
        if (actors[i].life != DOWN) {
            actors[living++] = actors[i];
        }
    }
    if (living == 0) {
        return false;
    }
    const struct actor_view *actor = &actors[draw(living)];
    op->kind = END;
    op->spec.letter = actor->letter;
    op->start = actor->start;
    op->how = actor->life == RUNNING ? (enum how)draw(5) : KILL;
    return true;
}

static struct op draw_op(void)
{
    static struct actor_view actors[STARTS_MAX];
    struct op op = {.at_ms = real_now_ms()};
    unsigned choice = draw(100);
    if (choice < 3 && ops_count > OPS_MAX / 2 && modelled.rests) {
        op.kind = STOP;
        return op;
    }
    if (choice < 45 && draw_end(&op)) {
        return op;
    }
    op.kind = choice < 65 ? ADD : choice < 78 ? TERMINATE : choice < 91 ? RESTART : DELETE;
    op.spec = draw_spec(plan.strategy == SIMPLE ? POOL : (char)('a' + draw(LETTERS)));
    if (plan.strategy == SIMPLE) {
        op.spec = plan.specs[0];
        unsigned count = model_actors(actors);
        op.start = count > 0 ? 1 + draw(count) : 0;
        op.kind = op.kind == TERMINATE && count == 0 ? ADD : op.kind;
    }
    return op;
}

static uint64_t draw_ms(void)
{
    static const unsigned bounds[] = {5, 20, 60, 200, 200, 1000, 6000};
    return draw(5) == 0 ? plan.period_ms + draw(2) : 1 + draw(bounds[draw(7)]);
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void tell_op(unsigned number, const struct op *op)
{
    static const char *const kinds[] = {"add", "terminate", "restart", "delete", "end", "stop"};
    static const char *const hows[] = {"normal", "shutdown", "shutdown_x", "crash", "kill"};
    (void)printf("  %2u at %5lu ms: %s %c", number, (unsigned long)op->at_ms, kinds[op->kind],
                 op->kind == STOP ? ' ' : op->spec.letter);
    if (op->kind == END || (op->kind == TERMINATE && op->start > 0)) {
        (void)printf(" (start %u) %s", op->start, op->kind == END ? hows[op->how] : "");
    }
    if (op->kind == ADD) {
        (void)printf(" restart %d, start %lu ms, stop %ld ms%s%s", (int)op->spec.restart,
                     (unsigned long)op->spec.start_ms, (long)op->spec.shutdown_ms,
                     op->spec.unlinks ? ", unlinks" : "",
                     op->spec.significant ? ", significant" : "");
    }
    (void)printf("\n");
}

static void tell_plan(void)
{
    (void)printf("  strategy %d, auto_shutdown %d, intensity %u in %lu ms, at most %u\n",
                 (int)plan.strategy, (int)plan.auto_shutdown, plan.intensity,
                 (unsigned long)plan.period_ms, plan.children_max);
    for (unsigned i = 0; i < plan.count; i++) {
        const struct spec *spec = &plan.specs[i];
        (void)printf("  %c: restart %d, start %lu ms, stop %ld ms%s%s\n", spec->letter,
                     (int)spec->restart, (unsigned long)spec->start_ms, (long)spec->shutdown_ms,
                     spec->unlinks ? ", unlinks" : "", spec->significant ? ", significant" : "");
    }
}

static void tell_view(const char *whose, const struct view *view)
{
    (void)printf("  %s: [%s] end [%s] live %u restarts %u\n"
                 "    start_error %u child_terminated %u shutdown_error %u shutdown %u\n"
                 "    answers %s\n    trace %s\n",
                 whose, view->children, view->end, view->live, view->restarts, view->reports[0],
                 view->reports[1], view->reports[2], view->reports[3], view->answers, view->trace);
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static const char *difference(const struct view *a, const struct view *b, unsigned ties)
{
    if (!same_text(a->children, b->children)) {
        return "the children";
    }
    if (!same_text(a->end, b->end)) {
        return "the end";
    }
    if (!same_text(a->answers, b->answers)) {
        return "the answers";
    }
    if (!same_text(a->trace, b->trace)) {
        return "the order of inits and stops";
    }
    if (memcmp(a->reports, b->reports, sizeof a->reports) != 0) {
        return "the reports";
    }
    if (a->restarts != b->restarts || a->live != b->live) {
        return "the restarts, or who lives";
    }
    return a->rests && ties != a->links + 1 ? "the ties of a supervisor that rests" : NULL;
}

/* False: they differ, and it is told. */
static bool compare(uint64_t seed)
{
    struct view shown;
    unsigned ties;
    real_show(&shown, &ties);
    model_show(&plan, ops, ops_count, real_now_ms(), &modelled);
    const char *what = difference(&modelled, &shown, ties);
    if (tells || what != NULL) {
        if (what != NULL) {
            (void)printf("seed %lu: model and supervisor differ in %s at %lu ms:\n",
                         (unsigned long)seed, what, (unsigned long)real_now_ms());
            tell_plan();
            for (unsigned i = 0; i < ops_count; i++) {
                tell_op(i + 1, &ops[i]);
            }
        }
        tell_view("model     ", &modelled);
        tell_view("supervisor", &shown);
        (void)printf("    ties %u, expected %u\n", ties, modelled.links + 1);
    }
    return what == NULL;
}

/* ---- running ------------------------------------------------------------------------------- */

static bool run_tree(uint64_t seed)
{
    draw_plan();
    ops_count = 0;
    real_open(&plan);
    bool same = compare(seed);
    while (same && ops_count < OPS_MAX && modelled.end[0] == '\0') {
        if (draw(3) == 0) {
            real_advance(draw_ms());
        } else {
            ops[ops_count] = draw_op();
            if (tells) {
                tell_op(ops_count + 1, &ops[ops_count]);
            }
            ops_count++;
            real_do(ops_count, &ops[ops_count - 1]);
        }
        same = compare(seed);
    }
    bool clean = real_close();
    if (!clean) {
        (void)printf("seed %lu: memory is left of the supervisor\n", (unsigned long)seed);
    }
    return same && clean;
}

static uint64_t number_of(const char *text)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    if (end == text || *end != '\0') {
        (void)fprintf(stderr, "usage: supervisor_model [--tell] [FIRST [COUNT]]\n");
        exit(2);
    }
    return number;
}

int main(int argc, char **argv)
{
    int at = 1;
    if (at < argc && strcmp(argv[at], "--tell") == 0) {
        tells = true;
        at++;
    }
    uint64_t first = at < argc ? number_of(argv[at]) : 1;
    uint64_t count = at + 1 < argc ? number_of(argv[at + 1]) : 1;
    for (uint64_t seed = first; seed < first + count; seed++) {
        wtl__prng_init(&prng, seed);
        for (unsigned tree = 0; tree < TREES_PER_SEED; tree++) {
            if (!run_tree(seed)) {
                return 1;
            }
        }
    }
    (void)printf("%lu seeds: model and supervisor do the same\n", (unsigned long)count);
    return 0;
}
