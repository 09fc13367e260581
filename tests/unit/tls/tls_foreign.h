/*
 * tls_foreign.h - peers that are not wattle: the TLS library used directly, with settings that the
 * engine would never take, and certificates that only the openssl command makes.
 *
 * Thread: that of the test. Owns: see each function.
 */
#ifndef WTL_TEST_TLS_FOREIGN_H
#define WTL_TEST_TLS_FOREIGN_H

#include "tls_kit.h"

struct foreign; /* one side of a link over the raw library */

/* A side that dials, verifies nothing, and shows `chain` (leaf first, its end is a NULL), or no
 * certificate when `key` is NULL. Owns: foreign_free. */
struct foreign *foreign_dial(const struct wtl_der *key, const struct wtl_der *const *chain);
void foreign_free(struct foreign *foreign);

/* Lets both go on until neither has anything to send. Returns whether the foreign side believes
 * that its handshake is over. */
bool foreign_shake(struct foreign *foreign, struct wtl_tls *tls);

/* Seals a key update that asks for an answer, `count` times, and feeds them; reads after each.
 * Returns the status of the last read. */
enum wtl_status foreign_update_keys(struct foreign *foreign, struct wtl_tls *tls, unsigned count);

/* Runs `script` with sh in a fresh folder, then reads `count` files of it (DER) into `files_out`
 * and removes the folder. Fails the test when the script does. Owns: free each with wtl__der_free.
 */
void foreign_openssl(const char *script, const char *const *names, size_t count,
                     struct wtl_der *files_out);

#endif
