/*
 * keeper_report.c - what the log says of a process that has died: whose function it was in, with
 * which message, where, by which calls it got there, and what that actor had been told before.
 *
 * All of it is from the board, which the child may have filled with anything: numbers are looked up
 * in what the node itself knows of the module's file, names are cut and, by the log, escaped.
 */
#include "process/keeper_private.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static const char *const functions[WTL__IN_COUNT] = {
    "", "loading", "init", "handle", "answer", "exited", "down", "stop", "show", "replace"};

/* A text that grows until it is full. */
struct text {
    size_t used;
    char bytes[WTL__LOG_VALUE_MAX];
};

/* False: it does not fit, and is left out. */
static bool add(struct text *text, const char *between, const char *more)
{
    size_t left = sizeof text->bytes - text->used;
    int size =
        snprintf(text->bytes + text->used, left, "%s%s", text->used > 0 ? between : "", more);
    if (size < 0 || (size_t)size >= left) {
        text->bytes[text->used] = '\0';
        return false;
    }
    text->used += (size_t)size;
    return true;
}

/* "faulty+0x1234 victim_handle+0x1f", or less of that. */
static void place_text(const struct wtl__isolated *module, const struct wtl__notes *notes,
                       char *text_out, size_t size)
{
    uint64_t into = 0;
    const char *symbol = notes->in_module ? wtl__elf_symbol(&module->elf, notes->pc, &into) : NULL;
    text_out[0] = '\0';
    if (notes->signal != 0) {
        (void)snprintf(text_out, size, "%s%s%#llx%s%.80s",
                       notes->in_module ? wtl__isolated_module(module)->name : "",
                       notes->in_module ? "+" : "", (unsigned long long)notes->pc,
                       symbol != NULL ? " " : "", symbol != NULL ? symbol : "");
    }
}

/* ---- frames -------------------------------------------------------------------------------- */

/* Which file of code that address is in; WTL__BOARD_PLACES for none. */
static uint32_t place_of(const struct wtl__board_place *places, uint64_t pc)
{
    uint32_t at = 0;
    while (at < WTL__BOARD_PLACES && (pc < places[at].begin || pc >= places[at].end)) {
        at++;
    }
    return at;
}

/* "victim_handle+0x1f" in the module, "libc.so.6+0x123" elsewhere. */
static void frame_text(const struct wtl__isolated *module, const struct wtl__board_place *places,
                       uint64_t pc, char *text_out, size_t size)
{
    uint32_t at = place_of(places, pc);
    uint64_t into = 0;
    if (at == WTL__BOARD_PLACES) {
        (void)snprintf(text_out, size, "%#llx", (unsigned long long)pc);
        return;
    }
    into = pc - places[at].base;
    bool ours = at == WTL__PLACE_MODULE;
    const char *symbol = ours ? wtl__elf_symbol(&module->elf, into, &into) : NULL;
    const char *file = ours ? wtl__isolated_module(module)->name : places[at].name;
    (void)snprintf(text_out, size, "%.80s+%#llx", symbol != NULL ? symbol : file,
                   (unsigned long long)into);
}

/* The calls from the fault up to the program that runs the module. */
static void frames_text(const struct wtl__isolated *module, const struct wtl__board *board,
                        struct text *text)
{
    struct wtl__board_place places[WTL__BOARD_PLACES];
    uint64_t pcs[WTL__BOARD_FRAMES];
    uint32_t count = wtl__board_frames_read(board, pcs);
    memcpy(places, board->places, sizeof places);
    for (uint32_t i = 0; i < WTL__BOARD_PLACES; i++) {
        places[i].name[sizeof places[i].name - 1] = '\0';
    }
    for (uint32_t i = 0; i < count; i++) {
        char frame[128];
        uint64_t pc = pcs[i] - (i > 0 ? 1 : 0); /* a return address is behind its call */
        if (i > 0 && place_of(places, pc) == WTL__PLACE_PROGRAM) {
            return;
        }
        frame_text(module, places, pc, frame, sizeof frame);
        if (!add(text, " < ", frame)) {
            return;
        }
    }
}

/* ---- messages ------------------------------------------------------------------------------ */

/* The tags of what that actor was told last, oldest first, up to what it died of. */
static void recent_text(const struct wtl__board *board, const struct wtl__notes *notes,
                        struct text *text)
{
    for (uint64_t back = WTL__BOARD_RECENT; back > 0; back--) {
        struct wtl_tag tag;
        uint64_t local = wtl__board_recent(board, notes->runs + 1 - back, &tag);
        char word[16];
        if (local == notes->local && local != 0 && wtl_tag_text(tag, word) > 0) {
            (void)add(text, " ", word);
        }
    }
}

/* ---- the report ---------------------------------------------------------------------------- */

void wtl__keeper_report(const struct wtl__keeper *keeper, const struct wtl__notes *notes,
                        struct wtl_reason reason, int process)
{
    const struct wtl__isolated *module = keeper->process->module;
    const struct wtl__board *board = keeper->process->child.board;
    const struct wtl__process_state state = wtl__process_look(keeper->process);
    struct text frames = {.bytes = ""};
    struct text recent = {.bytes = ""};
    char why[40];
    const char *type = "";
    char pid[48] = "";
    char tag[16] = "";
    char at[160];
    place_text(module, notes, at, sizeof at);
    frames_text(module, board, &frames);
    if (notes->local != 0 && notes->function != WTL__IN_NOTHING) {
        (void)wtl_tag_text(notes->tag, tag);
        (void)snprintf(pid, sizeof pid, "%u.%llu", (unsigned)(notes->local & WTL_PID_SLOT_MAX),
                       (unsigned long long)(notes->local >> WTL_PID_SLOT_BITS));
        recent_text(board, notes, &recent);
        type = wtl__process_type(keeper->process, notes->local);
    }
    wtl__log(
        wtl__log_process(), WTL__LOG_ERROR, "module_process_died",
        WTL__LOG_TEXT("module", wtl__isolated_module(module)->name),
        WTL__LOG_TEXT("reason", wtl_reason_text(reason, why)),
        WTL__LOG_NUMBER("process", (uint64_t)process), WTL__LOG_TEXT("pid", pid),
        WTL__LOG_TEXT("type", type),
        WTL__LOG_TEXT("in", notes->function < WTL__IN_COUNT ? functions[notes->function] : "?"),
        WTL__LOG_TEXT("message", tag), WTL__LOG_TEXT("recent", recent.bytes),
        WTL__LOG_TEXT("at", at), WTL__LOG_TEXT("frames", frames.bytes),
        WTL__LOG_NUMBER("refused_bytes", notes->refused), WTL__LOG_NUMBER("actors", state.seats),
        WTL__LOG_TEXT("wrong", state.broken != NULL ? state.broken : ""));
}
