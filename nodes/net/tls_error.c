/*
 * tls_error.c - the table of tls_error.h. Words are labels of counters: they are never renamed.
 */
#include "tls_error.h"

#include <stddef.h>

#include "tls_wolfssl.h"

/* What a packaged library tells its verify callback in place of its own codes: the numbers of
 * OpenSSL's X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD and ..._NOT_AFTER_FIELD, which are positive.
 */
enum { X509_NOT_YET_VALID = 13, X509_EXPIRED = 14 };

struct row {
    int code;
    struct wtl__tls_reason reason;
};

#define CERTIFICATE(code, word, text)                                                              \
    {                                                                                              \
        code,                                                                                      \
        {                                                                                          \
            WTL_IDENTITY, word, text                                                               \
        }                                                                                          \
    }
#define PROTOCOL(code, word, text)                                                                 \
    {                                                                                              \
        code,                                                                                      \
        {                                                                                          \
            WTL_PROTOCOL, word, text                                                               \
        }                                                                                          \
    }

static const struct row CODES[] = {
    CERTIFICATE(ASN_AFTER_DATE_E, "expired",
                "the peer's certificate has expired (or this node's clock is ahead)"),
    CERTIFICATE(ASN_BEFORE_DATE_E, "not_yet_valid",
                "the peer's certificate is not valid yet (or this node's clock is behind)"),
    CERTIFICATE(X509_EXPIRED, "expired",
                "the peer's certificate has expired (or this node's clock is ahead)"),
    CERTIFICATE(X509_NOT_YET_VALID, "not_yet_valid",
                "the peer's certificate is not valid yet (or this node's clock is behind)"),
    CERTIFICATE(ASN_NO_SIGNER_E, "wrong_ca",
                "the peer's certificate was not issued by a CA of this mesh"),
    CERTIFICATE(ASN_SELF_SIGNED_E, "wrong_ca",
                "the peer's certificate is signed by itself, not by a CA of this mesh"),
    CERTIFICATE(NOT_CA_ERROR, "wrong_ca", "a certificate of the peer's chain is not a CA"),
    CERTIFICATE(ASN_PATHLEN_INV_E, "wrong_ca",
                "the peer's chain is longer than its CA's certificate allows"),
    CERTIFICATE(ASN_PATHLEN_SIZE_E, "wrong_ca",
                "the peer's chain is longer than its CA's certificate allows"),
    CERTIFICATE(ASN_SIG_CONFIRM_E, "bad_signature",
                "a signature in the peer's chain does not match"),
    CERTIFICATE(ASN_SIG_OID_E, "weak_signature",
                "a certificate of the peer is signed with an algorithm that is not accepted"),
    CERTIFICATE(ASN_UNKNOWN_OID_E, "weak_signature",
                "a certificate of the peer uses an algorithm that is not accepted"),
    CERTIFICATE(HASH_TYPE_E, "weak_signature",
                "a certificate of the peer is signed with a digest that is not accepted"),
    CERTIFICATE(ECC_KEY_SIZE_E, "weak_signature", "the key of the peer's certificate is too small"),
    CERTIFICATE(RSA_KEY_SIZE_E, "weak_signature", "the key of the peer's certificate is too small"),
    CERTIFICATE(EXTKEYUSE_AUTH_E, "wrong_usage",
                "the peer's certificate may not be used for this side of a link (extended key "
                "usage)"),
    CERTIFICATE(KEYUSE_SIGNATURE_E, "wrong_usage",
                "the peer's certificate may not be used to sign (key usage)"),
    CERTIFICATE(KEYUSE_ENCIPHER_E, "wrong_usage",
                "the peer's certificate may not be used for TLS (key usage)"),
    CERTIFICATE(NO_PEER_CERT, "no_certificate", "the peer has shown no certificate"),
    CERTIFICATE(NO_PEER_VERIFY, "no_certificate", "the peer has not proved that it holds its key"),
    CERTIFICATE(MAX_CHAIN_ERROR, "chain_too_long", "the peer's chain has too many certificates"),
    CERTIFICATE(ASN_CRIT_EXT_E, "bad_certificate",
                "a certificate of the peer has a critical extension that is not known here"),
    CERTIFICATE(ASN_PARSE_E, "bad_certificate", "a certificate of the peer is not valid DER"),
    CERTIFICATE(ASN_VERSION_E, "bad_certificate", "a certificate of the peer is not of version 3"),
    CERTIFICATE(ASN_OBJECT_ID_E, "bad_certificate", "a certificate of the peer is not valid DER"),
    CERTIFICATE(ASN_EXPECT_0_E, "bad_certificate", "a certificate of the peer is not valid DER"),
    CERTIFICATE(ASN_BITSTR_E, "bad_certificate", "a certificate of the peer is not valid DER"),
    CERTIFICATE(ASN_GETINT_E, "bad_certificate", "a certificate of the peer is not valid DER"),
    CERTIFICATE(ASN_TIME_E, "bad_certificate", "a date of the peer's certificate is not valid"),
    CERTIFICATE(ASN_DATE_SZ_E, "bad_certificate", "a date of the peer's certificate is not valid"),
    CERTIFICATE(ASN_ALT_NAME_E, "bad_certificate", "a name of the peer's certificate is not valid"),
    CERTIFICATE(ASN_NAME_INVALID_E, "bad_certificate",
                "a name of the peer's certificate is outside of what its CA may name"),
    CERTIFICATE(ASN_ECC_KEY_E, "bad_certificate", "the key of the peer's certificate is not valid"),
    CERTIFICATE(ECC_CURVE_OID_E, "weak_signature",
                "the key of the peer's certificate is on a curve that is not accepted"),
    CERTIFICATE(PEER_KEY_ERROR, "bad_certificate",
                "the key of the peer's certificate is not valid"),
    CERTIFICATE(VERIFY_CERT_ERROR, "bad_certificate", "the peer's certificate was refused"),
    CERTIFICATE(VERIFY_SIGN_ERROR, "bad_signature",
                "the peer could not prove that it holds its certificate's key"),
    CERTIFICATE(CRL_CERT_REVOKED, "revoked", "the peer's certificate was revoked"),
    CERTIFICATE(CRL_MISSING, "crl_missing", "there is no revocation list to check the peer with"),
    PROTOCOL(VERSION_ERROR, "version", "the peer does not speak TLS 1.3"),
    PROTOCOL(UNSUPPORTED_PROTO_VERSION, "version", "the peer does not speak TLS 1.3"),
    PROTOCOL(MATCH_SUITE_ERROR, "no_common_suite", "no cipher suite is known to both sides"),
    PROTOCOL(UNSUPPORTED_SUITE, "no_common_suite", "the peer chose a cipher suite unasked"),
    PROTOCOL(KEY_SHARE_ERROR, "no_common_group", "no key exchange is known to both sides"),
    PROTOCOL(ECC_CURVE_ERROR, "no_common_group", "no key exchange is known to both sides"),
    PROTOCOL(BAD_KEY_SHARE_DATA, "no_common_group", "the peer's key exchange is not valid"),
    PROTOCOL(EXT_MISSING, "no_common_group", "the peer's hello lacks what TLS 1.3 needs"),
    PROTOCOL(UNKNOWN_RECORD_TYPE, "not_tls", "what the peer sends is not TLS"),
    PROTOCOL(VERIFY_MAC_ERROR, "bad_record", "a record was changed on its way"),
    PROTOCOL(DECRYPT_ERROR, "bad_record", "a record was changed on its way"),
    PROTOCOL(AES_GCM_AUTH_E, "bad_record", "a record was changed on its way"),
    PROTOCOL(MAC_CMP_FAILED_E, "bad_record", "a record was changed on its way"),
    PROTOCOL(VERIFY_FINISHED_ERROR, "bad_record", "the handshake was changed on its way"),
    PROTOCOL(LENGTH_ERROR, "bad_record", "a record is longer than TLS allows"),
    PROTOCOL(HANDSHAKE_SIZE_ERROR, "too_large", "a handshake message is larger than the bound"),
    PROTOCOL(ALERT_COUNT_E, "protocol", "the peer sends too many alerts"),
    {MEMORY_E, {WTL_NO_MEMORY, "no_memory", "memory is exhausted"}},
    {MEMORY_ERROR, {WTL_NO_MEMORY, "no_memory", "memory is exhausted"}},
};

#define ALERT(code, word, text)                                                                    \
    {                                                                                              \
        code,                                                                                      \
        {                                                                                          \
            WTL_IDENTITY, "peer_" word, text                                                       \
        }                                                                                          \
    }
#define REFUSAL "the peer has refused this node's certificate: "

static const struct row ALERTS[] = {
    ALERT(bad_certificate, "refused", REFUSAL "it does not accept it (see the peer's log)"),
    ALERT(unsupported_certificate, "refused", REFUSAL "its kind is not supported there"),
    ALERT(certificate_revoked, "refused", REFUSAL "it is revoked"),
    ALERT(certificate_expired, "refused",
          REFUSAL "by the peer's clock it has expired or is not valid yet"),
    ALERT(certificate_unknown, "refused", REFUSAL "it is not accepted there"),
    ALERT(unknown_ca, "refused", REFUSAL "its CA is not known there"),
    ALERT(access_denied, "refused", REFUSAL "access was denied"),
    ALERT(certificate_required, "refused", "the peer wants a certificate, but none was sent"),
    {wolfssl_alert_protocol_version, {WTL_PROTOCOL, "version", "the peer does not speak TLS 1.3"}},
    {handshake_failure,
     {WTL_PROTOCOL, "peer_failed", "the peer found nothing that both sides support"}},
    {bad_record_mac, {WTL_PROTOCOL, "bad_record", "a record was changed on its way to the peer"}},
    {user_canceled, {WTL_PROTOCOL, "peer_failed", "the peer gave the handshake up"}},
};

static struct wtl__tls_reason look_up(const struct row *rows, size_t count, int code,
                                      struct wtl__tls_reason otherwise)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].code == code) {
            return rows[i].reason;
        }
    }
    return otherwise;
}

struct wtl__tls_reason wtl__tls_reason_of(int code)
{
    const struct wtl__tls_reason otherwise = {WTL_PROTOCOL, "protocol",
                                              "the peer broke the TLS protocol"};
    return look_up(CODES, sizeof CODES / sizeof CODES[0], code, otherwise);
}

struct wtl__tls_reason wtl__tls_reason_of_alert(int alert)
{
    const struct wtl__tls_reason otherwise = {WTL_PROTOCOL, "peer_failed",
                                              "the peer ended the link with an alert"};
    return look_up(ALERTS, sizeof ALERTS / sizeof ALERTS[0], alert, otherwise);
}
