/*
 * status.c - names and texts of the statuses, and the error that carries the chain of what was
 * being done. No state, any thread.
 */
#include <wattle/status.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WTL_STATUS_FITS(name, value, word, text)                                                   \
    _Static_assert(sizeof(word) <= 16, "a status word fits an exit reason");
WTL_STATUS_MAP(WTL_STATUS_FITS)
#undef WTL_STATUS_FITS

const char *wtl_status_word(enum wtl_status status)
{
    switch (status) {
#define WTL_STATUS_CASE(name, value, word, text)                                                   \
    case WTL_##name:                                                                               \
        return word;
        WTL_STATUS_MAP(WTL_STATUS_CASE)
#undef WTL_STATUS_CASE
    }
    return "unknown";
}

const char *wtl_status_text(enum wtl_status status)
{
    switch (status) {
#define WTL_STATUS_CASE(name, value, word, text)                                                   \
    case WTL_##name:                                                                               \
        return text;
        WTL_STATUS_MAP(WTL_STATUS_CASE)
#undef WTL_STATUS_CASE
    }
    return "unknown status";
}

enum wtl_status wtl_fail(struct wtl_error *error, enum wtl_status status, const char *format, ...)
{
    if (error != NULL) {
        va_list args;
        error->status = status;
        va_start(args, format);
        (void)vsnprintf(error->text, sizeof error->text, format, args);
        va_end(args);
    }
    return status;
}

enum wtl_status wtl_while(struct wtl_error *error, enum wtl_status status, const char *format, ...)
{
    if (error != NULL) {
        char doing[sizeof error->text];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(doing, sizeof doing, format, args);
        va_end(args);
        size_t used = strlen(doing);
        if (error->status != status || error->text[0] == '\0') {
            error->status = status;
            (void)snprintf(error->text, sizeof error->text, "%s", wtl_status_text(status));
        }
        if (used + 2 < sizeof doing) {
            size_t room = sizeof doing - used - 3;
            (void)snprintf(doing + used, sizeof doing - used, ": %.*s", (int)room, error->text);
        }
        memcpy(error->text, doing, sizeof doing);
    }
    return status;
}
