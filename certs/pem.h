/*
 * pem.h - lines of text, PEM blocks among them, and a bounded text to write them into.
 *
 * Strict: whole lines, a matching END, nothing but base64 between. CRLF is read as LF, because
 * bundles travel through other people's machines.
 *
 * Thread: any. Owns: a reader borrows the text, a writer borrows its buffer.
 */
#ifndef WTL_CERTS_PEM_H
#define WTL_CERTS_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "certs/bundle.h"

#define WTL__PEM_KEY  "PRIVATE KEY"
#define WTL__PEM_PUB  "PUBLIC KEY"
#define WTL__PEM_CERT "CERTIFICATE"
#define WTL__PEM_CRL  "X509 CRL"

/* Blocks that one file may hold: a key, a chain and roots, and room to say that there are more. */
#define WTL__PEM_BLOCKS_MAX (WTL_CHAIN_MAX + WTL_ROOTS_MAX + 8)

struct wtl__lines {
    const char *at;
    size_t left;
    unsigned number; /* of the line that was taken last */
};

/* The next line without its end. False when nothing is left. */
bool wtl__line_next(struct wtl__lines *lines, const char **line_out, size_t *size_out);

struct wtl__pem {
    char label[32];
    const char *body; /* base64 with line ends */
    size_t body_size;
    unsigned number; /* of the BEGIN line */
};

/* The next block; blank lines before it are skipped.
 * Fails: WTL_NOT_FOUND at the end of the text, WTL_CONFIG when there is anything else. */
enum wtl_status wtl__pem_next(struct wtl__lines *lines, struct wtl__pem *pem_out,
                              struct wtl_error *error) WTL_MUST_USE;

/* Decodes the body into `bytes_out`. Fails: WTL_CONFIG: no base64, or more than `capacity` bytes.
 */
enum wtl_status wtl__pem_decode(const struct wtl__pem *pem, uint8_t *bytes_out, size_t capacity,
                                size_t *size_out, struct wtl_error *error) WTL_MUST_USE;

/* Text that is written into a fixed buffer; what does not fit sets `overflow`, for good. */
struct wtl__text {
    char *bytes;
    size_t size;
    size_t capacity;
    bool overflow;
};

void wtl__text_put(struct wtl__text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A whole block, encoded straight into the buffer, so that no copy of a key is left elsewhere. */
void wtl__pem_put(struct wtl__text *text, const char *label, const struct wtl_der *der);

#endif
