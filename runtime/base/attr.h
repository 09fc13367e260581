/*
 * attr.h - the few words of the compiler that every private file uses.
 *
 * A programmer's error asserts, in release builds too: a wrong state is worse than a dead node,
 * because supervisors and peers know what to do with a dead one.
 */
#ifndef WTL_BASE_ATTR_H
#define WTL_BASE_ATTR_H

#include <stddef.h>

#define WTL_LIKELY(x)    __builtin_expect(!!(x), 1)
#define WTL_UNLIKELY(x)  __builtin_expect(!!(x), 0)
#define WTL_CACHE_LINE   64
#define WTL_COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* For what is called from several places and costs too much then. */
#define WTL_ALWAYS_INLINE inline __attribute__((always_inline))

#define WTL_CONTAINER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define WTL_ASSERT(condition)                                                                      \
    do {                                                                                           \
        if (WTL_UNLIKELY(!(condition))) {                                                          \
            wtl__assert_failed(#condition, __FILE__, __LINE__);                                    \
        }                                                                                          \
    } while (0)

/* Prints what was asserted where, and aborts. Thread: any. */
__attribute__((noreturn, cold)) void wtl__assert_failed(const char *condition, const char *file,
                                                        int line);

#endif
