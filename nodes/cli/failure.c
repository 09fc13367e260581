/* failure.c - error texts and exit codes. See failure.h. */
#include "cli/failure.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "flow/diag.h"
#include "flow/text.h"

/* Bytes of one line of an error. */
#define LINE_MAX_BYTES 1024u

const char *wtl__failure_title(unsigned number)
{
    switch (number) {
#define TITLE(name, code, end, title, text)                                                        \
    case code:                                                                                     \
        return title;
        WTL__FAILURE_MAP(TITLE)
#undef TITLE
    default:
        return wtl_flow_code_title(number);
    }
}

const char *wtl__failure_explain(unsigned number)
{
    switch (number) {
#define EXPLAIN(name, code, end, title, text)                                                      \
    case code:                                                                                     \
        return text;
        WTL__FAILURE_MAP(EXPLAIN)
#undef EXPLAIN
    default:
        return wtl_flow_code_explain(number);
    }
}

enum wtl__end wtl__failure_end(enum wtl__failure failure)
{
    switch (failure) {
#define END(name, code, end, title, text)                                                          \
    case WTL__FAILURE_##name:                                                                      \
        return WTL__END_##end;
        WTL__FAILURE_MAP(END)
#undef END
    }
    return WTL__END_NO;
}

enum wtl__failure wtl__failure_of(enum wtl_status status)
{
    switch (status) {
    case WTL_TIMEOUT:
        return WTL__FAILURE_TIMED_OUT;
    case WTL_DENIED:
        return WTL__FAILURE_NOT_ALLOWED;
    case WTL_NOT_FOUND:
    case WTL_NO_PROCESS:
        return WTL__FAILURE_NOT_FOUND;
    case WTL_NO_CONNECTION:
    case WTL_CLOSED:
    case WTL_SHUTDOWN:
        return WTL__FAILURE_UNREACHABLE;
    case WTL_UNSUPPORTED:
    case WTL_VERSION:
        return WTL__FAILURE_NOT_ENABLED;
    case WTL_BUSY:
    case WTL_FULL:
        return WTL__FAILURE_BUSY;
    case WTL_INVALID:
        return WTL__FAILURE_VALUE;
    case WTL_BAD_PAYLOAD:
    case WTL_PROTOCOL:
        return WTL__FAILURE_BAD_ANSWER;
    case WTL_IDENTITY:
        return WTL__FAILURE_IDENTITY;
    case WTL_EXISTS:
        return WTL__FAILURE_EXISTS;
    case WTL_SYSTEM:
        return WTL__FAILURE_FILE;
    case WTL_CONFIG:
        return WTL__FAILURE_START;
    default:
        return WTL__FAILURE_REFUSED;
    }
}

void wtl__print_clean(FILE *file, const char *bytes, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint32_t point = 0;
        unsigned length = wtl__utf8_next(bytes + at, size - at, &point);
        if (length > 0 && wtl__utf8_printable(point)) {
            (void)fwrite(bytes + at, 1, length, file);
        } else {
            (void)fputc('?', file);
        }
        at += length == 0 ? 1 : length;
    }
}

static void __attribute__((format(printf, 2, 0)))
print_line(FILE *file, const char *format, va_list arguments)
{
    char line[LINE_MAX_BYTES];
    int size = vsnprintf(line, sizeof line, format, arguments);
    if (size < 0) {
        return;
    }
    wtl__print_clean(file, line, strlen(line));
    (void)fputs((size_t)size >= sizeof line ? "...\n" : "\n", file);
}

enum wtl__end wtl__fail(const struct wtl__report *report, enum wtl__failure failure,
                        const char *place, const char *format, ...)
{
    va_list arguments;
    (void)fprintf(report->file, "%serror[E%04u]%s: ", report->color ? "\033[1;31m" : "",
                  (unsigned)failure, report->color ? "\033[0m" : "");
    va_start(arguments, format);
    print_line(report->file, format, arguments);
    va_end(arguments);
    if (place != NULL && place[0] != '\0') {
        (void)fputs(" --> ", report->file);
        wtl__print_clean(report->file, place, strlen(place));
        (void)fputc('\n', report->file);
    }
    return wtl__failure_end(failure);
}

void wtl__fail_line(const struct wtl__report *report, const char *word, const char *format, ...)
{
    va_list arguments;
    (void)fprintf(report->file, "  = %s: ", word);
    va_start(arguments, format);
    print_line(report->file, format, arguments);
    va_end(arguments);
}
