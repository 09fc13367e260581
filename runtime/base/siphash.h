/*
 * siphash.h - SipHash-1-3: a keyed hash of bytes, for tables whose keys somebody else picks.
 *
 * Without the key nobody finds bytes that collide (Aumasson and Bernstein, SipHash: a fast
 * short-input PRF; one round a word and three at the end, as in Rust's and Python's tables). Not
 * for signatures: 64 bits are too few. Pure. Thread: any.
 */
#ifndef WTL_BASE_SIPHASH_H
#define WTL_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct wtl__siphash_key {
    uint64_t word[2];
};

/* The same on every machine. */
uint64_t wtl__siphash(const struct wtl__siphash_key *key, const void *bytes, size_t size);

#endif
