/*
 * der.h - a strict, bounded reader and a small writer of DER, as much as certificates need.
 *
 * The reader never allocates, never recurses and never looks past the view it was given; anything
 * that is BER but not DER (indefinite or padded lengths, padded integers, FALSE written out) is
 * refused. It knows nothing of certificates: that is x509.h.
 *
 * Thread: any; no state. Owns: views borrow the bytes they were made from.
 */
#ifndef WTL_CERTS_DER_H
#define WTL_CERTS_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/status.h>

enum wtl__der_tag {
    WTL__DER_BOOLEAN = 0x01,
    WTL__DER_INTEGER = 0x02,
    WTL__DER_BITS = 0x03,
    WTL__DER_OCTETS = 0x04,
    WTL__DER_OID = 0x06,
    WTL__DER_UTF8 = 0x0c,
    WTL__DER_PRINTABLE = 0x13,
    WTL__DER_IA5 = 0x16,
    WTL__DER_UTC_TIME = 0x17,
    WTL__DER_GENERAL_TIME = 0x18,
    WTL__DER_SEQUENCE = 0x30,
    WTL__DER_SET = 0x31,
    WTL__DER_CONTEXT_0 = 0xa0, /* [0], constructed; [3] is this + 3 */
};

/* Bytes that belong to somebody else. As an input of the reader: what is left to be read. */
struct wtl__der_view {
    const uint8_t *bytes;
    size_t size;
};

/* ---- reader: each takes one element off the front of `in`, or returns false and takes nothing --
 */

/* Any element with a low tag number. */
bool wtl__der_any(struct wtl__der_view *in, uint8_t *tag_out,
                  struct wtl__der_view *content_out) WTL_MUST_USE;

/* The next element if it has this tag. */
bool wtl__der_take(struct wtl__der_view *in, uint8_t tag,
                   struct wtl__der_view *content_out) WTL_MUST_USE;

/* The same, with its tag and length: what is hashed, compared or copied as a whole. */
bool wtl__der_take_whole(struct wtl__der_view *in, uint8_t tag, struct wtl__der_view *content_out,
                         struct wtl__der_view *whole_out) WTL_MUST_USE;

/* Does the next element have this tag? Takes nothing. */
bool wtl__der_next_is(const struct wtl__der_view *in, uint8_t tag);

/* An INTEGER that is not negative, as its magnitude without leading zeros; 0 is one zero byte. */
bool wtl__der_take_unsigned(struct wtl__der_view *in,
                            struct wtl__der_view *magnitude_out) WTL_MUST_USE;

/* An INTEGER from 0 to 255. */
bool wtl__der_take_small(struct wtl__der_view *in, unsigned *value_out) WTL_MUST_USE;

/* A BIT STRING of whole bytes, or with `unused` (0 to 7) zero bits at its end. */
bool wtl__der_take_bits(struct wtl__der_view *in, struct wtl__der_view *bytes_out,
                        unsigned *unused_out) WTL_MUST_USE;

/* UTCTime up to 2049 and GeneralizedTime from 2050 on (RFC 5280, 4.1.2.5), as Unix time. */
bool wtl__der_take_time(struct wtl__der_view *in, int64_t *time_out_s) WTL_MUST_USE;

bool wtl__der_equal(struct wtl__der_view a, struct wtl__der_view b);

/* Hostile bytes as text for people: what is not printable ASCII becomes '?', and what does not fit
 * is cut. Returns `text_out`. Bounds: `capacity` is at least 1. */
char *wtl__der_text(struct wtl__der_view view, char *text_out, size_t capacity);

/* ---- writer: appends to a fixed buffer; what does not fit sets `overflow`, for good ------------
 */

struct wtl__der_out {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    bool overflow;
};

/* Starts an element whose content follows; `wtl__der_close` with the returned mark fills in its
 * length. They nest. Bounds: WTL__DER_CONTENT_MAX bytes of content. */
#define WTL__DER_CONTENT_MAX 0xffffffu
size_t wtl__der_open(struct wtl__der_out *out, uint8_t tag);
void wtl__der_close(struct wtl__der_out *out, size_t mark);

void wtl__der_put(struct wtl__der_out *out, uint8_t tag, const void *content, size_t size);
/* Bytes that are DER already. */
void wtl__der_put_raw(struct wtl__der_out *out, const void *bytes, size_t size);
/* A magnitude as INTEGER, with the zeros in front that DER wants and no others. */
void wtl__der_put_unsigned(struct wtl__der_out *out, const uint8_t *magnitude, size_t size);
void wtl__der_put_small(struct wtl__der_out *out, uint8_t value);
void wtl__der_put_true(struct wtl__der_out *out);
void wtl__der_put_bits(struct wtl__der_out *out, const uint8_t *bytes, size_t size,
                       unsigned unused);
void wtl__der_put_time(struct wtl__der_out *out, int64_t time_s);

#endif
