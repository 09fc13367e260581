/* fault.c - the record of a fault that kills, written from within the handler. See fault.h. */
#include "module/fault.h"

#include <signal.h>
#include <unistd.h>

#include "module/module.h"

/* A record is written piece by piece: what there is is out when the rest fails. */
struct line {
    char text[512];
    size_t used;
};

static void put(struct line *line, const char *text)
{
    while (*text != '\0' && line->used < sizeof line->text - 1) {
        char c = *text++;
        line->text[line->used++] = c >= 0x20 && c < 0x7f ? c : '?';
    }
}

static void put_number(struct line *line, uint64_t number, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    put(line, base == 16 ? "0x" : "");
    put(line, digits + at);
}

static void flush(struct line *line)
{
    line->text[line->used++] = '\n';
    for (size_t at = 0; at < line->used;) {
        ssize_t put = write(STDERR_FILENO, line->text + at, line->used - at);
        if (put <= 0) {
            break;
        }
        at += (size_t)put;
    }
    line->used = 0;
}

static void put_place(struct line *line, const struct wtl__place *place, uintptr_t pc)
{
    if (place == NULL) {
        put_number(line, pc, 16);
        put(line, " (in nothing that is loaded)");
        return;
    }
    put(line, place->name);
    put(line, "+");
    put_number(line, pc - place->base, 16);
    uint64_t into = 0;
    const char *symbol = place->module != NULL
                             ? wtl__elf_symbol(&place->module->elf, pc - place->base, &into)
                             : NULL;
    if (symbol != NULL) {
        put(line, " ");
        put(line, symbol);
        put(line, "+");
        put_number(line, into, 16);
    }
}

const char *wtl__fault_word(const struct wtl__fault *fault)
{
    if (fault->overflow) {
        return "stack_overflow";
    }
    switch (fault->signal) {
    case 0:
        return "exit";
    case SIGSEGV:
        return "sigsegv";
    case SIGBUS:
        return "sigbus";
    case SIGFPE:
        return "sigfpe";
    case SIGILL:
        return "sigill";
    case SIGABRT:
        return "sigabrt";
    case SIGURG:
        return "hung"; /* no fault, but an interrupt of the guard's */
    default:
        return "signal";
    }
}

static void put_actor(struct line *line, const struct wtl__ctx *x)
{
    const struct wtl__cell *cell = x != NULL ? x->cell : NULL;
    char tag[16];
    if (cell == NULL) {
        put(line, "no actor was running on this thread");
        return;
    }
    put(line, "actor ");
    put_number(line, cell->slot, 10);
    put(line, ".");
    put_number(line, cell->generation, 10);
    put(line, " of type ");
    put(line, cell->type->name);
    if (cell->name != NULL) {
        put(line, ", named ");
        put(line, cell->name);
    }
    if (x->current != NULL && wtl_tag_text(x->current->msg.tag, tag) > 0) {
        put(line, ", message ");
        put(line, tag);
    }
}

void wtl__fault_write_head(const struct wtl__fault *fault, const struct wtl__ctx *x,
                           const char *why)
{
    struct line line = {.used = 0};
    put(&line, "wattle: fatal ");
    put(&line, wtl__fault_word(fault));
    put(&line, " code ");
    put(&line, fault->code < 0 ? "-" : "");
    put_number(&line, (uint64_t)(fault->code < 0 ? -(int64_t)fault->code : fault->code), 10);
    put(&line, " at ");
    put_place(&line, fault->place, fault->pc);
    put(&line, ", address ");
    put_number(&line, fault->address, 16);
    flush(&line);
    put(&line, "wattle: ");
    put_actor(&line, x);
    flush(&line);
    put(&line, "wattle: not contained: ");
    put(&line, why);
    flush(&line);
}

void wtl__fault_write_frames(const struct wtl__fault *fault)
{
    struct line line = {.used = 0};
    for (uint32_t i = 0; i < fault->frames_count; i++) {
        /* a return address is behind its call */
        uintptr_t pc = (uintptr_t)fault->frames[i] - (i > 0 ? 1 : 0);
        put(&line, "wattle: #");
        put_number(&line, i, 10);
        put(&line, " ");
        put_place(&line, wtl__place_of(pc), pc);
        flush(&line);
    }
}
