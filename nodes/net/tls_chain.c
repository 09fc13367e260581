/*
 * tls_chain.c - see tls_chain.h. Every byte read here came from a peer that nobody knows yet; the
 * reader of certs/x509.h is strict and bounded, and is run once for each certificate.
 */
#include "tls_chain.h"

#include "certs/x509.h"

static bool is_subject(struct wtl__der_view name, const struct wtl_der *subjects, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (wtl__der_equal(name, (struct wtl__der_view){subjects[i].bytes, subjects[i].size})) {
            return true;
        }
    }
    return false;
}

static enum wtl_status refuse(const char **word_out, const char *word, struct wtl_error *error,
                              size_t index, const char *text)
{
    *word_out = word;
    return wtl_fail(error, WTL_IDENTITY, "certificate %zu of the chain %s", index + 1, text);
}

enum wtl_status wtl__tls_chain_check(const struct wtl_der *chain, size_t count,
                                     const struct wtl_der *subjects, size_t subjects_count,
                                     const char **word_out, struct wtl_error *error)
{
    if (count == 0 || count > WTL_CHAIN_MAX) {
        *word_out = count == 0 ? "no_certificate" : "chain_too_long";
        return wtl_fail(error, WTL_IDENTITY, "expected 1 to %u certificates, but %zu came",
                        WTL_CHAIN_MAX, count);
    }
    struct wtl__der_view issuer = {0};
    for (size_t i = 0; i < count; i++) {
        struct wtl__cert cert;
        if (chain[i].size > WTL_CERT_MAX) {
            return refuse(word_out, "bad_certificate", error, i, "is larger than the bound");
        }
        if (wtl__cert_read((struct wtl__der_view){chain[i].bytes, chain[i].size}, &cert, error) !=
            WTL_OK) {
            *word_out = "bad_certificate";
            return wtl_while(error, WTL_IDENTITY, "certificate %zu of the chain", i + 1);
        }
        if (cert.algorithm == WTL__SIGNATURE_OTHER) {
            return refuse(word_out, "weak_signature", error, i,
                          "is not signed with ECDSA and SHA-256 or better");
        }
        if (i > 0 && !wtl__der_equal(issuer, cert.subject)) {
            return refuse(word_out, "wrong_ca", error, i,
                          "is not the issuer of the certificate in front of it");
        }
        issuer = cert.issuer;
    }
    if (!is_subject(issuer, subjects, subjects_count)) {
        return refuse(word_out, "wrong_ca", error, count - 1,
                      "was issued by none of this mesh's roots, and its issuer was not sent");
    }
    return WTL_OK;
}
