/*
 * kit.h - what the tests of the notation share: one flow read at a time, and a table of modules as
 * a node would have it.
 */
#ifndef WTL_TEST_FLOW_KIT_H
#define WTL_TEST_FLOW_KIT_H

#include "flow/check.h"
#include "flow/parse.h"
#include "flow/settings.h"

#include <wattle/actor.h>

/* What the last kit_read left. Criterion runs each test in its own process. */
extern struct wtl_flow_ast kit_ast;
extern struct wtl_flow_diags kit_diags;

/* Parses and checks, as the file t.flow. */
enum wtl_status kit_read(const char *source);

/* The same, and then against kit_modules. */
enum wtl_status kit_read_modules(const char *source);

/* All errors and warnings of the last read, without the closing line. Static memory. */
const char *kit_text(const char *source);

/* Fails the test unless the source is refused with exactly that text, or accepted without any. */
void kit_refused(const char *source, const char *expected);
void kit_accepted(const char *source);

/* A row of a table of refused lines. */
struct kit_case {
    const char *source;
    const char *expected;
};
#define KIT_REFUSE_ALL(cases)                                                                      \
    for (size_t kit_i = 0; kit_i < sizeof(cases) / sizeof((cases)[0]); kit_i++) {                  \
        kit_refused((cases)[kit_i].source, (cases)[kit_i].expected);                               \
    }

/* Module climate 1.2.0: temp (producer), clean (processor), store (consumer), plain. */
struct kit_temp_settings {
    const char *bus;
    int64_t period;
    double offset;
    int64_t retries;
    int64_t buffer;
    bool fast;
};
extern const struct wtl_actor kit_temp;
extern const struct wtl_flow_modules kit_modules;

#endif
