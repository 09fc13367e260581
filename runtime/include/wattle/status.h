/*
 * status.h - what can go wrong, in one list.
 *
 * Every function of wattle that can fail returns an enum wtl_status, and its result must be used.
 * What cannot fail returns void or bool. WTL_OK is 0. The list makes the names and the texts, so
 * that all three are always the same; values are part of the ABI and are never reused.
 */
#ifndef WATTLE_STATUS_H
#define WATTLE_STATUS_H

/* X(NAME, value, "word", "text"). The word is what tables, logs and exit reasons show; at most 15
 * bytes, so that it fits an exit reason (struct wtl_reason). */
#define WTL_STATUS_MAP(X)                                                                          \
    X(OK, 0, "ok", "success")                                                                      \
    X(STOP, 1, "stop", "the actor has finished")                                                   \
    X(LATER, 2, "later", "the answer comes later, through wtl_done")                               \
    X(MORE, 3, "more", "there is more: call again")                                                \
    X(BUSY, 4, "busy", "the receiver is over its bound: hold back")                                \
    X(FULL, 5, "full", "a bound was reached and the item was refused")                             \
    X(NO_MEMORY, 6, "no_memory", "memory is exhausted or capped")                                  \
    X(INVALID, 7, "invalid", "an argument or a field is not valid")                                \
    X(NOT_FOUND, 8, "not_found", "no such thing")                                                  \
    X(EXISTS, 9, "exists", "the name or id is taken")                                              \
    X(NO_PROCESS, 10, "noproc", "no such actor, or it has ended")                                  \
    X(NO_CONNECTION, 11, "noconnection", "the other node cannot be reached")                       \
    X(TIMEOUT, 12, "timeout", "the deadline has passed")                                           \
    X(CLOSED, 13, "closed", "the other side has closed")                                           \
    X(DENIED, 14, "denied", "not allowed")                                                         \
    X(PROTOCOL, 15, "proto_error", "the peer broke the protocol")                                  \
    X(BAD_PAYLOAD, 16, "bad_payload", "the bytes are not the msgpack that was expected")           \
    X(TOO_LARGE, 17, "too_large", "larger than the bound allows")                                  \
    X(UNSUPPORTED, 18, "unsupported", "this side does not know how")                               \
    X(VERSION, 19, "version", "the versions of both sides do not overlap")                         \
    X(IDENTITY, 20, "identity", "the certificate or key was refused")                              \
    X(FORGED, 21, "forged_sender", "the sender may not speak for that actor")                      \
    X(DUPLICATE, 22, "duplicate", "a node of that name answers already")                           \
    X(SYSTEM, 23, "system", "the operating system refused")                                        \
    X(CONFIG, 24, "config", "the configuration is not valid")                                      \
    X(ABI, 25, "abi", "the module was built for another ABI")                                      \
    X(FAULT, 26, "module_fault", "the code of a module faulted")                                   \
    X(SHUTDOWN, 27, "shutdown", "the runtime is stopping")                                         \
    X(RESTARTING, 28, "restarting", "the child is being restarted")                                \
    X(RUNNING, 29, "running", "the child is running")                                              \
    X(PRESENT, 30, "already_present", "the child spec is there already, without a running actor")  \
    X(STARTED, 31, "already_started", "the child is running already")                              \
    X(NOT_OWNER, 32, "not_owner", "the actor lives on another node")                               \
    X(IGNORE, 33, "ignore", "the actor does not want to be started")                               \
    X(WRONG_VIEW, 34, "wrong_view", "both sides see another set of core nodes")                    \
    X(STORAGE, 35, "storage_full", "the store cannot take more")

enum wtl_status {
#define WTL_STATUS_ENUM(name, value, word, text) WTL_##name = (value),
    WTL_STATUS_MAP(WTL_STATUS_ENUM)
#undef WTL_STATUS_ENUM
};

#define WTL_MUST_USE __attribute__((warn_unused_result))

/* The word and the text of a status; "unknown" for a number that is none.
 * Thread: any. Owns: static strings. */
const char *wtl_status_word(enum wtl_status status);
const char *wtl_status_text(enum wtl_status status);

/* What went wrong, and what was being done: filled by functions of start-up and configuration.
 * `text` is wrapped while the error travels up: "start node: read bundle: mode is 0644, ...". */
struct wtl_error {
    enum wtl_status status;
    char text[480];
};

/* Sets `error` (which may be NULL) and returns `status`, so that `return wtl_fail(...)` reads well.
 * Thread: any. Bounds: the text is cut at the size of wtl_error.text. */
enum wtl_status wtl_fail(struct wtl_error *error, enum wtl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "doing: " in front of the text and returns the status that `error` holds already.
 * Thread: any. */
enum wtl_status wtl_while(struct wtl_error *error, enum wtl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
