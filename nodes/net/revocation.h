/*
 * revocation.h - the revocation lists that a node holds its peers against: a file, which is looked
 * at again every second.
 *
 * A file that is changed is read, checked and compared away from the loop. If its lists are good
 * and not older than those in use (certs/revoked.h), they take their place, and the owner hears it;
 * if not, that is logged and the old ones stay. Lists past half of their life make a warning, and
 * with those that have ended nobody is let in any more: who is in stays.
 *
 * Thread: the net loop, or anyone while it does not run. Owns: its lists; the bundle is borrowed.
 */
#ifndef WTL_NET_REVOCATION_H
#define WTL_NET_REVOCATION_H

#include "certs/revoked.h"
#include "net/loop.h"

struct wtl__revocation;

#define WTL__REVOCATION_LOOK_MS 1000u

/* Reads the file. `own` is this node's bundle: its roots are who may have signed.
 * Fails: as wtl_revoked_read; WTL_IDENTITY when the node itself is revoked, or its CA has no list.
 */
enum wtl_status wtl__revocation_create(const char *path, const struct wtl_bundle *own,
                                       struct wtl__revocation **revocation_out,
                                       struct wtl_error *error) WTL_MUST_USE;

/* After stop, and after the loop was drained. NULL is nothing. */
void wtl__revocation_destroy(struct wtl__revocation *revocation);

/* Looks at the file from now on; `news` hears that other lists are in use. */
typedef void (*wtl__revocation_news)(void *context);
void wtl__revocation_start(struct wtl__revocation *revocation, struct wtl__loop *loop,
                           wtl__revocation_news news, void *context);
/* Looks now; what it finds is judged on the loop. None may be under way. For its own timer, and
 * tests. */
void wtl__revocation_look(struct wtl__revocation *revocation);
void wtl__revocation_stop(struct wtl__revocation *revocation);

/* May who has this certificate stay? See wtl_revoked_check. */
enum wtl_status wtl__revocation_check(const struct wtl__revocation *revocation,
                                      const struct wtl_identity *identity, const char **word_out,
                                      struct wtl_error *error) WTL_MUST_USE;

/* And may it come in? The admit function of a struct wtl_tls_gate. */
enum wtl_status wtl__revocation_admit(void *revocation, const struct wtl_identity *identity,
                                      const char **word_out, struct wtl_error *error) WTL_MUST_USE;

#endif
