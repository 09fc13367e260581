/*
 * failure.h - how the command says that something went wrong, and with which exit code it ends.
 *
 *     error[E0301]: no node answers on this machine
 *      --> /run/wattle/edge-1.sock
 *       = tried: connecting: connection refused
 *       = help: wattle node start --id FILE
 *
 * Codes are stable: scripts and searches hold them, and `wattle explain` knows them offline. Those
 * of the dataflow notation, 201 to 299, are in flow/diag.h.
 *
 * Thread: one. Owns: nothing.
 */
#ifndef WTL_CLI_FAILURE_H
#define WTL_CLI_FAILURE_H

#include <stdbool.h>
#include <stdio.h>

#include <wattle/status.h>

/* What a script can tell apart. */
enum wtl__end {
    WTL__END_OK = 0,
    WTL__END_NO = 1, /* the answer is "no" */
    WTL__END_USAGE = 64,
    WTL__END_DATA = 65, /* a bad flow or module */
    WTL__END_UNREACHABLE = 69,
    WTL__END_TIMEOUT = 75, /* try again */
    WTL__END_DENIED = 77,
    WTL__END_CONFIG = 78,
};

/* X(NAME, number, exit code, "title", "explanation") */
#define WTL__FAILURE_MAP(X)                                                                        \
    X(COMMAND, 101, USAGE, "an unknown command",                                                   \
      "Commands are a noun and a verb, such as `wattle actor ls`. `wattle help` lists them all.")  \
    X(OPTION, 102, USAGE, "an unknown option",                                                     \
      "Options that every command takes are listed by `wattle help`; those of one command by "     \
      "`wattle help NOUN VERB`.")                                                                  \
    X(OPERANDS, 103, USAGE, "a word too many, or one that is missing",                             \
      "The usage line of a command says which words it wants; those in brackets may be left out.") \
    X(VALUE, 104, USAGE, "a value that cannot be read",                                            \
      "An option or a word has a form: durations are 500ms, 5s or 2m, layers are device, edge or " \
      "cloud, names are [a-z0-9] first and then [a-z0-9._-], 63 bytes at most, and an actor is "   \
      "written as tables show it: <edge-1:42.7>, or 42.7 on the node that is asked.")              \
    X(COLUMN, 105, USAGE, "an unknown column",                                                     \
      "--sort takes the name of a column of the table, in capitals or not.")                       \
    X(NO_NODE, 301, UNREACHABLE, "no node answers on this machine",                                \
      "Commands about the mesh ask a node on this machine, through its control socket: --control " \
      "PATH, else $WTL_CONTROL, else the one socket in $XDG_RUNTIME_DIR/wattle or /run/wattle. "   \
      "Nothing was listening there. Start a node with `wattle node start --id FILE`.")             \
    X(TIMED_OUT, 302, TIMEOUT, "no answer in time",                                                \
      "The node was asked and has not answered within --timeout (5s). It may be busy, or the way " \
      "to the node behind --node may be slow. Nothing is known about the outcome; asking again "   \
      "is harmless.")                                                                              \
    X(NOT_ALLOWED, 303, DENIED, "not allowed",                                                     \
      "The control socket answers the user who runs the node, and root. Another node answers "     \
      "only edge and cloud nodes: a device never inspects or stops anything elsewhere.")           \
    X(NOT_FOUND, 304, NO, "there is no such thing",                                                \
      "The node that was asked knows nothing of that name or id. An actor that has ended keeps "   \
      "its id for itself: no other actor will ever have it.")                                      \
    X(UNREACHABLE, 305, UNREACHABLE, "that node cannot be reached",                                \
      "The node is known in the mesh, but there is no way to it now. `wattle mesh nodes` shows "   \
      "since when, `wattle mesh links` which links are up.")                                       \
    X(NOT_ENABLED, 306, UNREACHABLE, "that node cannot do this",                                   \
      "The node has answered, and does not offer what was asked: it is of an older version, or "   \
      "that part of it is switched off.")                                                          \
    X(BAD_ANSWER, 307, UNREACHABLE, "an answer that cannot be read",                               \
      "What came back is not what a node sends. Is --control the socket of a wattle node, and of " \
      "a version that fits this command? `wattle version` tells this one's.")                      \
    X(REFUSED, 308, NO, "the node could not do it",                                                \
      "The node has understood the request, tried it, and failed for the reason that it gave.")    \
    X(BUSY, 309, TIMEOUT, "the node is busy with other questions",                                 \
      "A node answers a bounded number of questions at a time, so that looking at it never holds " \
      "up its work. Ask again.")                                                                   \
    X(SEVERAL, 310, USAGE, "several nodes answer on this machine",                                 \
      "Without --control or $WTL_CONTROL the command takes the one node that answers here, or "    \
      "the "                                                                                       \
      "one that --node names. Say which one to ask.")                                              \
    X(IDENTITY, 401, CONFIG, "an identity that is refused",                                        \
      "A bundle is one file with a node's key, its certificate chain and the roots it accepts, "   \
      "mode 0600. It is refused when others may read it, when its parts do not belong together, "  \
      "or when its certificate is not one of a wattle node. `wattle id show FILE` shows what is "  \
      "in it without judging.")                                                                    \
    X(EXISTS, 402, NO, "there is one already",                                                     \
      "Nothing is overwritten, keys least of all. Choose another place, or move the old one away " \
      "first.")                                                                                    \
    X(FILE, 403, CONFIG, "a file that cannot be used",                                             \
      "The operating system refused to read or to write it.")                                      \
    X(NO_CA, 404, CONFIG, "no certificate authority there",                                        \
      "New identities are signed by the CA of a mesh, a folder made by `wattle ca init DIR "       \
      "--mesh NAME`.")                                                                             \
    X(REVOKED, 405, CONFIG, "a revocation list that is refused",                                   \
      "A node started with --revoked FILE lets in only whom the lists in that file do not name. "  \
      "They are X.509 lists in PEM, made by `wattle ca revoke --ca DIR`, with the certificates "   \
      "of "                                                                                        \
      "the CAs that signed them. A list is refused when it was not signed by a CA of this mesh, "  \
      "and a file when it has no list of the CA that issued this node's own certificate, or "      \
      "names "                                                                                     \
      "the node itself.")                                                                          \
    X(NOT_ISSUED, 406, NO, "a certificate that cannot be revoked",                                 \
      "`wattle ca revoke` wants the name of a node, for all of its certificates that have not "    \
      "expired, or a serial number, both as issued.log in the folder of the CA knows them; or a "  \
      "file with a certificate that this CA has issued.")                                          \
    X(START, 501, CONFIG, "the node could not be started",                                         \
      "The configuration of the node, or its state folder, is not as it has to be. The text says " \
      "what was being done.")                                                                      \
    X(NO_IDENTITY, 502, CONFIG, "a node without an identity does not start",                       \
      "A node proves who it is with a bundle, and listens for nobody without one. On the machine " \
      "that holds the CA: `wattle ca init DIR --mesh NAME` once for the mesh, and `wattle id new " \
      "NAME --layer LAYER --ca DIR --out FILE` for this node.")                                    \
    X(MODULE, 503, DATA, "a module that is not loaded",                                            \
      "A module is a shared object made by wattle_add_module() for this node's ABI (`wattle "      \
      "version`). It is refused when no key of --module-key has signed it (`wattle module sign`, " \
      "and --dev asks for none), when it has expired or is older than a release that this node "   \
      "has run, and when it lacks its entry, was built for another ABI or machine, or imports or " \
      "calls what a module may not. `wattle module inspect FILE` shows what it says of itself.")   \
    X(IN_USE, 504, NO, "something that is taken already",                                          \
      "Another process has what this node needs for itself: the address of --listen, the folder "  \
      "of --state, or the control socket. The command is right and may succeed once the other "    \
      "one has ended, so it is safe to let a service manager try again.")                          \
    X(CONTROL, 505, CONFIG, "a control socket that cannot be made",                                \
      "A node answers questions at a unix socket: --control PATH, else NAME.sock in "              \
      "$XDG_RUNTIME_DIR/wattle, for root in /run/wattle. Its folder has to exist and belong to "   \
      "the user who runs the node.")                                                               \
    X(KEY, 506, CONFIG, "a key for modules that is refused",                                       \
      "Modules are signed with an Ed25519 key, of which `wattle module keygen NAME` makes both "   \
      "halves: NAME.key (PKCS#8, mode 0600) signs, and NAME.pub is what nodes are given with "     \
      "--module-key. Nobody but its user and root may write to a key that is trusted.")            \
    X(SIGNATURE, 507, NO, "a module whose signature is not good",                                  \
      "A signed module ends with a manifest (name, version, ABI, hash, number, end, key) and an "  \
      "Ed25519 signature over it. It is not good when another key has signed it, when a byte of "  \
      "the file is another one than when it was signed, or when its end has passed.")              \
    X(UPGRADE, 508, NO, "a module that was not upgraded",                                          \
      "All actors of the module go on with the version that they had; nothing of them was lost. "  \
      "The text says what stands in the way: a new version needs every actor of the old one; a "   \
      "state that is laid out anew needs another state_vsn, .save in the old version and "         \
      ".upgrade in the new one; and a call that is under way needs its on_answer in .answers of "  \
      "both. docs/MODULES.md says more.")                                                          \
    X(FLOW, 601, DATA, "a flow that is not accepted",                                              \
      "What is wrong with it is printed above, each with a code of its own that `wattle explain` " \
      "knows.")

enum wtl__failure {
#define WTL__FAILURE_ENUM(name, number, end, title, text) WTL__FAILURE_##name = (number),
    WTL__FAILURE_MAP(WTL__FAILURE_ENUM)
#undef WTL__FAILURE_ENUM
};

/* Title and paragraph of a code, those of flows included; NULL for a number that is none. */
const char *wtl__failure_title(unsigned number);
const char *wtl__failure_explain(unsigned number);

/* The exit code of a failure, and the failure of a status that a node or a library gave. */
enum wtl__end wtl__failure_end(enum wtl__failure failure);
enum wtl__failure wtl__failure_of(enum wtl_status status);

/* Where errors go. */
struct wtl__report {
    FILE *file;
    bool color;
};

/* The first line, and the second unless `place` is NULL. Text from elsewhere is made harmless.
 * Returns the exit code, so that `return wtl__fail(...)` reads well where nothing follows. */
enum wtl__end wtl__fail(const struct wtl__report *report, enum wtl__failure failure,
                        const char *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A further line: "tried", "note" or "help", and its text. */
void wtl__fail_line(const struct wtl__report *report, const char *word, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes text from elsewhere: printable UTF-8 as it is, anything else as '?'. */
void wtl__print_clean(FILE *file, const char *bytes, size_t size);

#endif
