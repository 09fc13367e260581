/*
 * diag.c - the list of errors and warnings, and how one is printed with its line and caret.
 * Pure functions; owns nothing.
 */
#include "flow/diag.h"

#include "flow/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum severity { ERROR, WARNING };

struct code {
    unsigned number;
    enum severity severity;
    const char *title;
    const char *explanation;
};

static const struct code codes[] = {
#define WTL_FLOW_CODE_ROW(name, number, severity, title, explanation)                              \
    {(number), severity, (title), (explanation)},
    WTL_FLOW_CODE_MAP(WTL_FLOW_CODE_ROW)
#undef WTL_FLOW_CODE_ROW
};

static const struct code *find_code(unsigned number)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].number == number) {
            return &codes[i];
        }
    }
    return NULL;
}

void wtl_flow_diags_init(struct wtl_flow_diags *diags)
{
    diags->count = 0;
    diags->errors = 0;
    diags->warnings = 0;
}

bool wtl_flow_code_is_warning(enum wtl_flow_code code)
{
    const struct code *found = find_code(code);
    return found != NULL && found->severity == WARNING;
}

const char *wtl_flow_code_title(unsigned number)
{
    const struct code *code = find_code(number);
    return code != NULL ? code->title : NULL;
}

const char *wtl_flow_code_explain(unsigned number)
{
    const struct code *code = find_code(number);
    return code != NULL ? code->explanation : NULL;
}

/* The last warning of the list makes room for an error. */
static bool drop_warning(struct wtl_flow_diags *diags)
{
    for (unsigned i = diags->count; i > 0; i--) {
        if (wtl_flow_code_is_warning(diags->list[i - 1].code)) {
            memmove(&diags->list[i - 1], &diags->list[i],
                    (diags->count - i) * sizeof diags->list[0]);
            diags->count--;
            return true;
        }
    }
    return false;
}

static struct wtl_flow_diag *make_room(struct wtl_flow_diags *diags, bool warning, uint32_t offset)
{
    if (diags->count == WTL_FLOW_DIAGS_MAX && (warning || !drop_warning(diags))) {
        return &diags->overflow;
    }
    unsigned at = diags->count;
    while (at > 0 && diags->list[at - 1].at.offset > offset) {
        at--;
    }
    memmove(&diags->list[at + 1], &diags->list[at], (diags->count - at) * sizeof diags->list[0]);
    diags->count++;
    return &diags->list[at];
}

struct wtl_flow_diag *wtl__flow_report(struct wtl_flow_diags *diags, enum wtl_flow_code code,
                                       struct wtl_flow_at at, const char *format, ...)
{
    for (unsigned i = 0; i < diags->count; i++) {
        if (diags->list[i].code == code && diags->list[i].at.offset == at.offset) {
            return &diags->overflow;
        }
    }
    bool warning = wtl_flow_code_is_warning(code);
    *(warning ? &diags->warnings : &diags->errors) += 1;
    struct wtl_flow_diag *diag = make_room(diags, warning, at.offset);
    diag->code = code;
    diag->at = at;
    diag->help[0] = '\0';
    va_list args;
    va_start(args, format);
    (void)vsnprintf(diag->text, sizeof diag->text, format, args);
    va_end(args);
    return diag;
}

void wtl__flow_help(struct wtl_flow_diag *diag, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(diag->help, sizeof diag->help, format, args);
    va_end(args);
}

const char *wtl__flow_quote(const char *bytes, size_t size, char out[WTL_FLOW_QUOTE_MAX])
{
    size_t keep = size;
    if (keep > 40) {
        keep = 37;
        while (keep > 0 && ((unsigned char)bytes[keep] & 0xc0) == 0x80) {
            keep--;
        }
    }
    struct wtl__sink sink = wtl__sink_over(out, WTL_FLOW_QUOTE_MAX);
    wtl__sink_foreign(&sink, bytes, keep);
    if (keep < size) {
        wtl__sink_bytes(&sink, "...", 3);
    }
    (void)wtl__sink_end(&sink);
    return out;
}

/* What part of the line is shown, in bytes of the source. A line that is too long is cut on both
 * sides of the caret. */
struct window {
    size_t begin;
    size_t end;
    bool cut_left;
    bool cut_right;
};

static size_t step_back(const char *source, size_t begin, size_t at)
{
    do {
        at--;
    } while (at > begin && ((unsigned char)source[at] & 0xc0) == 0x80);
    return at;
}

static struct window window_of(const char *source, size_t size, size_t offset)
{
    size_t begin = offset;
    size_t end = offset;
    struct window window;
    while (begin > 0 && source[begin - 1] != '\n') {
        begin--;
    }
    while (end < size && source[end] != '\n' && source[end] != '\r') {
        end++;
    }
    window.begin = offset;
    for (unsigned i = 0; i < WTL_FLOW_SHOWN_MAX * 2 / 3 && window.begin > begin; i++) {
        window.begin = step_back(source, begin, window.begin);
    }
    window.cut_left = window.begin > begin;
    window.end = window.begin;
    for (unsigned i = 0; i < WTL_FLOW_SHOWN_MAX && window.end < end; i++) {
        uint32_t point = 0;
        unsigned length = wtl__utf8_next(source + window.end, end - window.end, &point);
        window.end += length == 0 ? 1 : length;
    }
    window.cut_right = window.end < end;
    return window;
}

/* The line itself. A tab stays one, so that the caret line can repeat it. */
static void render_line(struct wtl__sink *sink, const char *source, struct window window)
{
    if (window.cut_left) {
        wtl__sink_bytes(sink, "...", 3);
    }
    size_t from = window.begin;
    for (size_t at = window.begin; at <= window.end; at++) {
        if (at == window.end || source[at] == '\t') {
            wtl__sink_foreign(sink, source + from, at - from);
            if (at < window.end) {
                wtl__sink_fill(sink, '\t', 1);
            }
            from = at + 1;
        }
    }
    if (window.cut_right) {
        wtl__sink_bytes(sink, "...", 3);
    }
    wtl__sink_fill(sink, '\n', 1);
}

static unsigned cells_at(const char *source, size_t at, size_t end, unsigned *length_out)
{
    uint32_t point = 0;
    unsigned length = wtl__utf8_next(source + at, end - at, &point);
    *length_out = length == 0 ? 1 : length;
    return length == 0 || !wtl__utf8_printable(point) ? 1 : wtl__utf8_cells(point);
}

static void render_caret(struct wtl__sink *sink, const char *source, struct window window,
                         struct wtl_flow_at where)
{
    unsigned length = 1;
    if (window.cut_left) {
        wtl__sink_fill(sink, ' ', 3);
    }
    size_t at = window.begin;
    for (; at < where.offset && at < window.end; at += length) {
        unsigned cells = cells_at(source, at, window.end, &length);
        if (source[at] == '\t') {
            wtl__sink_fill(sink, '\t', 1);
        } else {
            wtl__sink_fill(sink, ' ', cells);
        }
    }
    size_t carets = 0;
    for (; at < (size_t)where.offset + where.size && at < window.end; at += length) {
        carets += cells_at(source, at, window.end, &length);
    }
    wtl__sink_fill(sink, '^', carets == 0 ? 1 : carets);
    wtl__sink_fill(sink, '\n', 1);
}

static void render(struct wtl__sink *sink, const struct wtl_flow_diag *diag, const char *file,
                   const char *source, size_t source_size)
{
    char number[16];
    int digits = snprintf(number, sizeof number, "%u", (unsigned)diag->at.line);
    const char *severity = wtl_flow_code_is_warning(diag->code) ? "warning" : "error";
    wtl__sink_format(sink, "%s[E%04u]: %s\n", severity, (unsigned)diag->code, diag->text);
    wtl__sink_format(sink, "%*s--> ", digits, "");
    wtl__sink_foreign(sink, file, strlen(file));
    wtl__sink_format(sink, ":%u:%u\n", (unsigned)diag->at.line, (unsigned)diag->at.column);
    if (source != NULL && diag->at.offset <= source_size && diag->at.line > 0) {
        struct window window = window_of(source, source_size, diag->at.offset);
        wtl__sink_format(sink, "%*s |\n%s | ", digits, "", number);
        render_line(sink, source, window);
        wtl__sink_format(sink, "%*s | ", digits, "");
        render_caret(sink, source, window, diag->at);
    }
    if (diag->help[0] != '\0') {
        wtl__sink_format(sink, "%*s = help: %s\n", digits, "", diag->help);
    }
}

size_t wtl_flow_diag_render(const struct wtl_flow_diag *diag, const char *file, const char *source,
                            size_t source_size, char *out, size_t room)
{
    struct wtl__sink sink = wtl__sink_over(out, room);
    render(&sink, diag, file, source, source_size);
    return wtl__sink_end(&sink);
}

size_t wtl_flow_diags_render(const struct wtl_flow_diags *diags, const char *file,
                             const char *source, size_t source_size, char *out, size_t room)
{
    struct wtl__sink sink = wtl__sink_over(out, room);
    for (unsigned i = 0; i < diags->count; i++) {
        render(&sink, &diags->list[i], file, source, source_size);
        wtl__sink_fill(&sink, '\n', 1);
    }
    if (diags->errors + diags->warnings > 0) {
        wtl__sink_foreign(&sink, file, strlen(file));
        wtl__sink_format(&sink, ": %u error%s, %u warning%s", diags->errors,
                         diags->errors == 1 ? "" : "s", diags->warnings,
                         diags->warnings == 1 ? "" : "s");
        unsigned hidden = diags->errors + diags->warnings - diags->count;
        if (hidden > 0) {
            wtl__sink_format(&sink, " (%u not shown)", hidden);
        }
        if (diags->count > 0) {
            wtl__sink_format(&sink, "; wattle explain E%04u says more",
                             (unsigned)diags->list[0].code);
        }
        wtl__sink_fill(&sink, '\n', 1);
    }
    return wtl__sink_end(&sink);
}
