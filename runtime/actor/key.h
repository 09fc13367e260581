/*
 * key.h - the key of a message: which of those that wait a newer one takes the place of.
 *
 * By default its tag and its sender. A type that names a field (mailbox_key) has as the key its tag
 * and the value of that field, whoever sent it; a body without the field has no key.
 *
 * Thread: any. Owns: nothing. Bounds: WTL__KEY_FIELDS_MAX fields are looked at.
 */
#ifndef WTL_ACTOR_KEY_H
#define WTL_ACTOR_KEY_H

#include "actor/message.h"

#define WTL__KEY_FIELDS_MAX 64u

/* A hash of the key, never 0, or 0 when there is none. Who does not know the seed cannot make two
 * keys collide. `field`: NULL for the default. */
uint64_t wtl__key_hash(const struct wtl__envelope *envelope, const char *field, uint64_t seed);

#endif
