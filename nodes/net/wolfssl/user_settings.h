/*
 * user_settings.h - what is built into wattle's own wolfSSL: TLS 1.3, P-256, X25519, AES-GCM and
 * ChaCha20-Poly1305, and the X.509 that a mesh needs. Nothing else.
 *
 * Preprocessor lines only: the assembler sources of wolfSSL include this file too, so that C and
 * assembler can never disagree. Settings of one processor come from CMakeLists.txt, because there
 * the sources of that processor are chosen as well.
 */
#ifndef WTL_WOLFSSL_USER_SETTINGS_H
#define WTL_WOLFSSL_USER_SETTINGS_H

/* The protocol: 1.3 only. No tickets and no PSK (links are long, and a resumed peer would not be
 * verified again), no early data (it can be replayed), no post-handshake authentication, no
 * session cache. */
#define WOLFSSL_TLS13
#define WOLFSSL_NO_TLS12
#define NO_OLD_TLS
#define NO_PSK
#define NO_SESSION_CACHE
#define HAVE_TLS_EXTENSIONS
#define HAVE_SUPPORTED_CURVES
#define HAVE_EXTENDED_MASTER
#define HAVE_KEYING_MATERIAL

/* Old and unneeded algorithms. Without SHA-1 no certificate can be signed with it; wolfSSL makes
 * key identifiers from SHA-256 then. */
#define NO_RSA
#define NO_DH
#define NO_DSA
#define NO_RC4
#define NO_MD4
#define NO_MD5
#define NO_SHA
#define NO_DES3
#define NO_PWDBASED
#define NO_PKCS12

/* Hashes, AEADs, curves. SHA-384 is there for AES-256-GCM, which a peer with the packaged library
 * prefers. */
#define WOLFSSL_SHA384
#define WOLFSSL_SHA512
#define HAVE_HKDF
#define HAVE_HASHDRBG
#define HAVE_AESGCM
#define GCM_TABLE_4BIT
#define NO_AES_CBC
#define HAVE_CHACHA
#define HAVE_POLY1305
#define HAVE_ECC
#define ECC_SHAMIR
#define ECC_TIMING_RESISTANT
#define TFM_TIMING_RESISTANT
#define HAVE_CURVE25519
#define WOLFSSL_SP_MATH_ALL
#define WOLFSSL_HAVE_SP_ECC

/* Certificates: reading, making and signing them, and revocation lists. The verify callback runs
 * for good certificates too, because the identity is taken there. */
#define WOLFSSL_ALWAYS_VERIFY_CB
#define WOLFSSL_CERT_GEN
#define WOLFSSL_CERT_REQ
#define WOLFSSL_CERT_EXT
#define WOLFSSL_ALT_NAMES
#define WOLFSSL_BASE64_ENCODE
#define WOLFSSL_DER_TO_PEM
#define HAVE_CRL

/* A chain of leaf and two intermediates, as WTL_CHAIN_MAX says, in a message of 16 KiB. */
#define MAX_CHAIN_DEPTH    3
#define MAX_CERTIFICATE_SZ (16 * 1024)

/* The system. No sockets: bytes go in and out through the engine's callbacks. Random seeds come
 * from the getrandom call, which needs no file descriptor. Several threads check dates at the same
 * time, which gmtime does not survive. */
#define WOLFSSL_USER_IO
#define WOLFSSL_GETRANDOM
#define HAVE_GMTIME_R
#define HAVE_THREAD_LS
#define ERROR_QUEUE_PER_THREAD
#define WC_NO_ASYNC_THREADING
#define HAVE_SYS_TIME_H
#define WOLFSSL_USE_ALIGN

#endif
