/*
 * change.h - for fuzz targets: a copy of something good, with changes that an input says.
 *
 * Thread: the target's. Owns: nothing.
 */
#ifndef WTL_TESTS_FUZZ_CHANGE_H
#define WTL_TESTS_FUZZ_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Copies `source` and applies changes of 3 bytes each: where, where, xor. True: anything is
 * different now. */
static inline bool fuzz_change(uint8_t *copy_out, const uint8_t *source, size_t source_size,
                               const uint8_t *changes, size_t changes_size)
{
    memcpy(copy_out, source, source_size);
    for (size_t i = 0; i + 3 <= changes_size; i += 3) {
        copy_out[((size_t)changes[i] << 8 | changes[i + 1]) % source_size] ^= changes[i + 2];
    }
    return memcmp(copy_out, source, source_size) != 0;
}

#endif
