/*
 * admission.h - who may begin a handshake: what is spent on peers that nobody knows yet.
 *
 * A handshake costs processor time and memory before its peer has shown anything, so the number of
 * those in flight is bounded, and above a first threshold newcomers are dropped at random with a
 * growing chance (OpenSSH, MaxStartups 10:30:100): a flood of strangers then cannot keep out a peer
 * that dials again.
 *
 * No socket is made here and no time is asked; the listener and the links do that.
 *
 * Thread: the net loop. Owns: nothing.
 */
#ifndef WTL_NET_ADMISSION_H
#define WTL_NET_ADMISSION_H

#include <stdbool.h>

#include "base/prng.h"

/* Accepted connections whose handshake is not over: from EARLY on a newcomer is dropped with a
 * chance that grows from PERCENT to 100 at MAX. */
#define WTL__ADMISSION_EARLY   10u
#define WTL__ADMISSION_PERCENT 30u
#define WTL__ADMISSION_MAX     100u
/* From accept to the end of the handshake, and to the first byte of it. */
#define WTL__HANDSHAKE_MS  5000u
#define WTL__FIRST_BYTE_MS 2000u

struct wtl__admission_counters {
    uint64_t accepted; /* connections that were let in to a handshake */
    uint64_t dropped;  /* closed at once, at random or at the maximum */
    uint64_t no_fds;   /* closed at once because file descriptors had run out; acceptor.h */
    uint64_t silent;   /* sent nothing in time */
    uint64_t slow;     /* did not end their handshake in time */
    uint64_t refused;  /* failed it: what TLS or the identity gate said */
    uint64_t succeeded;
};

struct wtl__admission {
    struct wtl__prng prng;
    struct wtl__admission_counters count;
    uint32_t in_flight;
};

void wtl__admission_init(struct wtl__admission *admission, uint64_t seed);
void wtl__admission_deinit(struct wtl__admission *admission);

/* May this newcomer begin a handshake? Then it counts until wtl__admission_leave. */
bool wtl__admission_enter(struct wtl__admission *admission) __attribute__((warn_unused_result));
void wtl__admission_leave(struct wtl__admission *admission);

#endif
