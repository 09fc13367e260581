/* command_table.c - the table of commands. Help, usage errors and completions are made from it. */
#include <string.h>

#include "cli/command.h"

static const struct wtl__option ca_init_options[] = {
    {.name = "mesh", .value = "NAME", .is_mandatory = true, .help = "name of the mesh"},
    {0},
};

static const struct wtl__option ca_revoke_options[] = {
    {.name = "ca", .value = "DIR", .is_mandatory = true, .help = "folder of the mesh's CA"},
    {.name = "days", .value = "N", .help = "how long the list is valid (30)"},
    {0},
};

static const struct wtl__option ca_revoked_options[] = {
    {.name = "ca", .value = "DIR", .is_mandatory = true, .help = "folder of the mesh's CA"},
    {0},
};

static const struct wtl__option id_new_options[] = {
    {.name = "layer", .value = "LAYER", .is_mandatory = true, .help = "device, edge or cloud"},
    {.name = "ca", .value = "DIR", .is_mandatory = true, .help = "folder of the mesh's CA"},
    {.name = "tenant", .value = "NAME", .help = "whose node it is (default)"},
    {.name = "days", .value = "N", .help = "how long the certificate is valid (90)"},
    {.name = "san", .value = "HOST", .help = "a host name or address to put in besides"},
    {.name = "out", .value = "FILE", .help = "where the bundle goes (NAME.bundle)"},
    {0},
};

static const struct wtl__option id_show_options[] = {
    {.name = "short", .help = "two lines"},
    {0},
};

static const struct wtl__option module_sign_options[] = {
    {.name = "key", .value = "FILE", .is_mandatory = true, .help = "private key (NAME.key)"},
    {.name = "number",
     .value = "N",
     .help = "number of the release, higher than the last one's (the time in seconds)"},
    {.name = "days", .value = "N", .help = "how long nodes load it (365)"},
    {.name = "out", .value = "FILE", .help = "where the signed module goes (in place)"},
    {0},
};

static const struct wtl__option module_verify_options[] = {
    {.name = "key",
     .value = "FILE",
     .is_mandatory = true,
     .may_repeat = true,
     .help = "public key (NAME.pub) of a signer"},
    {0},
};

static const struct wtl__option node_start_options[] = {
    {.name = "id", .value = "FILE", .help = "(needed) the bundle of this node"},
    {.name = "listen",
     .value = "ADDR",
     .help = "HOST:PORT to listen at (port 4600); a device does not"},
    {.name = "advertise", .value = "ADDR", .help = "HOST:PORT that others dial, if another"},
    {.name = "revoked",
     .value = "FILE",
     .help = "who is revoked (DIR/revoked.crl of the CA); looked at again every second"},
    {.name = "join",
     .value = "ADDR",
     .may_repeat = true,
     .help = "HOST:PORT of a node of the mesh (port 4600)"},
    {.name = "module",
     .value = "FILE",
     .may_repeat = true,
     .help = "a module (.so) to load; FILE,isolation=process: in a process of its own"},
    {.name = "flow", .value = "FILE", .may_repeat = true, .help = "a flow to run in the mesh"},
    {.name = "control", .value = "PATH", .help = "its control socket (see above)"},
    {.name = "state", .value = "DIR", .help = "folder of its own that outlives restarts (none)"},
    {.name = "module-key",
     .value = "FILE",
     .may_repeat = true,
     .help = "public key (NAME.pub) of those whose modules are run"},
    {.name = "allow-rollback",
     .value = "NAME",
     .may_repeat = true,
     .help = "run this module although a newer release was run here"},
    {.name = "memory-max",
     .value = "SIZE",
     .help = "what its actors and messages may hold, such as 512MiB (no cap)"},
    {.name = "dev", .help = "load modules of this user without a signature"},
    {.name = "watchdog", .help = "start the node again when it ends by itself, and say why"},
    {0},
};

static const struct wtl__option flow_check_options[] = {
    {.name = "module",
     .value = "FILE",
     .may_repeat = true,
     .help = "a module (.so) of this user, to check stages and settings"},
    {.name = "deny-warnings", .help = "exit with 1 when there is a warning"},
    {0},
};

static const struct wtl__option flow_graph_options[] = {
    {.name = "format", .value = "FORMAT", .help = "text, dot or mermaid (text)"},
    {0},
};

static const struct wtl__option new_options[] = {
    {.name = "dir", .value = "DIR", .help = "the folder to make (NAME)"},
    {0},
};

static const struct wtl__option actor_trace_options[] = {
    {.name = "count", .value = "NUMBER", .help = "messages, up to 4096 (100)"},
    {.name = "for", .value = "TIME", .help = "how long at most, up to 50s (5s)"},
    {0},
};

#define ONE  (WTL__ASKS_A_NODE | WTL__PRINTS_JSON | WTL__MAY_WATCH)
#define LIST (ONE | WTL__PRINTS_TABLE)

const struct wtl__command wtl__commands[] = {
    {.noun = "ca",
     .verb = "init",
     .operands = "DIR",
     .operands_min = 1,
     .operands_max = 1,
     .summary = "make the certificate authority of a new mesh",
     .details = "The folder gets a root (10 years) and an issuing CA (1 year). The root's key is "
                "needed again\nonly to renew the issuing CA: keep it offline.",
     .options = ca_init_options,
     .run = wtl__run_ca_init},
    {.noun = "ca",
     .verb = "revoke",
     .operands = "[NAME|SERIAL|FILE]",
     .operands_max = 1,
     .summary = "revoke the certificates of a node, and sign the list that says so",
     .details =
         "NAME stands for every certificate of that node, SERIAL and FILE (a bundle or a "
         "certificate)\nfor one. The list, DIR/revoked.crl, is signed anew with a higher number, "
         "also when nothing is\nnamed: nodes warn when half of its life is over, and let nobody in "
         "after its end. Copy it to\nevery node that was started with --revoked FILE, over that "
         "file: it cuts the links of those\nthat are revoked within a second or two.",
     .options = ca_revoke_options,
     .run = wtl__run_ca_revoke},
    {.noun = "ca",
     .verb = "revoked",
     .operands = "",
     .flags = WTL__PRINTS_JSON,
     .summary = "show which certificates are revoked",
     .options = ca_revoked_options,
     .run = wtl__run_ca_revoked},
    {.noun = "id",
     .verb = "new",
     .operands = "NAME",
     .operands_min = 1,
     .operands_max = 1,
     .summary = "make the identity of a node: one bundle file",
     .details = "The file holds the node's key and certificate and every root it accepts. Move it "
                "to the\nnode's machine and keep its mode 0600.",
     .options = id_new_options,
     .run = wtl__run_id_new},
    {.noun = "id",
     .verb = "show",
     .operands = "FILE",
     .operands_min = 1,
     .operands_max = 1,
     .flags = WTL__PRINTS_JSON,
     .summary = "show what is in a bundle or a certificate file, without judging it",
     .options = id_show_options,
     .run = wtl__run_id_show},
    {.noun = "module",
     .verb = "keygen",
     .operands = "NAME",
     .operands_min = 1,
     .operands_max = 1,
     .flags = WTL__PRINTS_JSON,
     .summary = "make a key to sign modules with: NAME.key and NAME.pub",
     .details = "It has nothing to do with the mesh's CA: who may join is one question, whose code "
                "runs on the\nnodes is another. Keep NAME.key where modules are built.",
     .run = wtl__run_module_keygen},
    {.noun = "module",
     .verb = "sign",
     .operands = "FILE",
     .operands_min = 1,
     .operands_max = 1,
     .flags = WTL__PRINTS_JSON,
     .summary = "sign a module: its bytes, name, version, ABI, number and end",
     .details =
         "The signature goes behind the module in the same file, which stays a shared object; the "
         "module\nmay be for another machine. A node with a state folder refuses a lower number "
         "than it has run.\nA release that has expired is not loaded any more; one that runs goes "
         "on.\n\n"
         "  wattle module sign rain.so --key team.key\n"
         "  wattle node start --id edge-1.bundle --module rain.so --module-key team.pub --state "
         "edge-1",
     .options = module_sign_options,
     .run = wtl__run_module_sign},
    {.noun = "module",
     .verb = "verify",
     .operands = "FILE",
     .operands_min = 1,
     .operands_max = 1,
     .flags = WTL__PRINTS_JSON,
     .summary = "check a module as a node would that trusts these keys, without loading it",
     .options = module_verify_options,
     .run = wtl__run_module_verify},
    {.noun = "module",
     .verb = "inspect",
     .operands = "FILE",
     .operands_min = 1,
     .operands_max = 1,
     .flags = WTL__PRINTS_JSON,
     .summary = "show what a module says of itself, without judging or running it",
     .run = wtl__run_module_inspect},
    {.noun = "module",
     .verb = "ls",
     .operands = "",
     .flags = LIST,
     .summary = "the modules of a node, with every version that it has loaded",
     .details =
         "STATE: new actors are of the version that \"runs\"; one that is \"ending\" has "
         "actors that are\nabout to stop; the code of one that is \"kept\" stays loaded until "
         "the node ends, because a\nsupervisor's spec or a message may still refer to it.",
     .run = wtl__run_ask},
    {.noun = "module",
     .verb = "upgrade",
     .operands = "NAME FILE",
     .operands_min = 2,
     .operands_max = 2,
     .flags = WTL__ASKS_A_NODE | WTL__PRINTS_JSON,
     .summary = "let the actors of a module go over to another version, while they run",
     .details =
         "All of them go over, or none: each is held still between two messages, the old "
         "version saves its\nstate, and the new one takes it. What fails, or is not over "
         "within three quarters of --timeout,\nlets all go on as they were. Nothing that was "
         "sent is lost. The way back is the same with the\nolder file.\n\n"
         "  wattle module upgrade climate ./climate-0.2.0.so --timeout 20s",
     .run = wtl__run_ask},
    {.noun = "node",
     .verb = "start",
     .operands = "",
     .summary = "run a node in the foreground, until SIGTERM",
     .details =
         "It says what happens on standard error, one line each. SIGTERM and SIGINT stop it in "
         "order;\na second one ends it at once. Commands ask it through its control socket,\n"
         "$XDG_RUNTIME_DIR/wattle/NAME.sock, for root /run/wattle/NAME.sock, unless --control "
         "says another.\n\n"
         "Behind a module's FILE may stand, each with a comma before it: isolation=process, and "
         "for "
         "that\nprocess may=files, may=network or may=files+network (else neither), memory=256MiB, "
         "budget=2s\n(how long one function of an actor may take).\n\n"
         "  wattle node start --id edge-1.bundle --listen 0.0.0.0:4600 --join cloud.example\n\n"
         "exit codes: 0 stopped in order, 1 something is taken (address, state folder, socket),\n"
         "  64 usage, 65 bad flow or module, 75 not all ended in time, 78 bad identity or "
         "configuration",
     .options = node_start_options,
     .run = wtl__run_node_start},
    {.noun = "node",
     .verb = "show",
     .operands = "",
     .flags = ONE,
     .summary = "what a node holds, and what it has turned away",
     .details =
         "MEMORY is what actors, their messages and tables hold. Of MEMORY-MAX (node start "
         "--memory-max),\nmessages may take 95%, and all else that actors want 98%; SHED and "
         "REFUSED "
         "count what was turned\naway. MEMORY-STATE: ok, sheds (messages), refuses (actors, too), "
         "or no cap.",
     .run = wtl__run_ask},
    {.noun = "mesh",
     .verb = "nodes",
     .operands = "",
     .flags = LIST,
     .summary = "the nodes of the mesh, as the node that is asked knows them",
     .run = wtl__run_ask},
    {.noun = "mesh",
     .verb = "links",
     .operands = "",
     .flags = LIST,
     .summary = "the links of a node, with what went over them",
     .run = wtl__run_ask},
    {.noun = "mesh",
     .verb = "names",
     .operands = "",
     .flags = LIST,
     .summary = "the global names: who holds which, and which node decides about it",
     .run = wtl__run_ask},
    {.noun = "actor",
     .verb = "ls",
     .operands = "",
     .flags = LIST,
     .summary = "the actors of a node",
     .run = wtl__run_ask},
    {.noun = "actor",
     .verb = "tree",
     .operands = "",
     .flags = ONE,
     .summary = "supervisors and their children, with restarts",
     .run = wtl__run_ask},
    {.noun = "actor",
     .verb = "show",
     .operands = "PID",
     .operands_min = 1,
     .operands_max = 1,
     .flags = ONE,
     .summary = "all that is known about one actor",
     .details = "PID is written as tables show it, \"<edge-1:42.7>\", which asks the node edge-1; "
                "or 42.7, or a\nlocal name.",
     .run = wtl__run_ask},
    {.noun = "actor",
     .verb = "kill",
     .operands = "PID",
     .operands_min = 1,
     .operands_max = 1,
     .flags = WTL__ASKS_A_NODE | WTL__PRINTS_JSON,
     .summary = "end one actor at once; its supervisor decides what follows",
     .details = "PID as with `wattle actor show`. The node's own actors are not ended this way.",
     .run = wtl__run_ask},
    {.noun = "actor",
     .verb = "suspend",
     .operands = "PID",
     .operands_min = 1,
     .operands_max = 1,
     .flags = WTL__ASKS_A_NODE | WTL__PRINTS_JSON,
     .summary = "hold one actor: it handles no message until it is resumed",
     .details =
         "PID as with `wattle actor show`. Its mail waits, up to the bound of its mailbox; its "
         "timers, links\nand monitors stay, and it can be ended. The node's own actors are "
         "not held.",
     .run = wtl__run_ask},
    {.noun = "actor",
     .verb = "resume",
     .operands = "PID",
     .operands_min = 1,
     .operands_max = 1,
     .flags = WTL__ASKS_A_NODE | WTL__PRINTS_JSON,
     .summary = "let an actor go on that was suspended",
     .run = wtl__run_ask},
    {.noun = "actor",
     .verb = "state",
     .operands = "PID",
     .operands_min = 1,
     .operands_max = 1,
     .flags = ONE,
     .summary = "what an actor says of its state; not all types do",
     .details = "The type's function `show` puts it, also while the actor is suspended. Numbers, "
                "texts, lists and\nmaps are shown as JSON.",
     .run = wtl__run_ask},
    {.noun = "actor",
     .verb = "replace",
     .operands = "PID STATE",
     .operands_min = 2,
     .operands_max = 2,
     .flags = WTL__ASKS_A_NODE | WTL__PRINTS_JSON,
     .summary = "give an actor another state; not all types take one",
     .details =
         "STATE is JSON, as `wattle actor state` shows it; the type's function `replace` "
         "decides what it takes.\nWhen it refuses, nothing has changed.\n\n"
         "  wattle actor suspend counter && wattle actor replace counter '{\"count\":0}' &&\n"
         "    wattle actor resume counter",
     .run = wtl__run_ask,
     .prepare = wtl__prepare_replace},
    {.noun = "actor",
     .verb = "stats",
     .operands = "PID",
     .operands_min = 1,
     .operands_max = 1,
     .flags = ONE,
     .summary = "what an actor has handled and sent",
     .details = "In all, and since somebody has asked for the figures of that actor before. What "
                "it sends is\n"
                "counted from the first time on.",
     .run = wtl__run_ask},
    {.noun = "actor",
     .verb = "trace",
     .operands = "PID",
     .operands_min = 1,
     .operands_max = 1,
     .flags = LIST,
     .summary = "the messages of one actor, as they go in and out",
     .details = "Shown, without their bodies, when there are --count of them, when --for is over, "
                "or when the\nactor ends; it is traced no longer then. AT is the time since the "
                "begin. One question at a time\ntraces an actor.",
     .options = actor_trace_options,
     .run = wtl__run_ask,
     .prepare = wtl__prepare_trace},
    {.noun = "flow",
     .verb = "check",
     .operands = "FILE",
     .operands_min = 1,
     .operands_max = 1,
     .summary = "check a flow, without asking anybody; - reads standard input",
     .details =
         "A node checks the stages that it may run against its modules when it is started with the "
         "flow.\n--module does that before; stages of modules that are not given are passed over."
         "\n\n"
         "  wattle flow check rain.flow --module build/rain.so",
     .options = flow_check_options,
     .run = wtl__run_flow_check},
    {.noun = "flow",
     .verb = "graph",
     .operands = "FILE",
     .operands_min = 1,
     .operands_max = 1,
     .summary = "draw a flow",
     .options = flow_graph_options,
     .run = wtl__run_flow_graph},
    {.noun = "flow",
     .verb = "plan",
     .operands = "FILE",
     .operands_min = 1,
     .operands_max = 1,
     .flags = WTL__ASKS_A_NODE | WTL__PRINTS_TABLE | WTL__PRINTS_JSON,
     .summary = "show what of a flow would run where, without starting it",
     .details =
         "A node says which nodes the mesh has now; whether they have the modules is not asked.\n"
         "INSTANCES is per node, CREDIT how many messages may be under way to them. A stage in "
         "the\nstate \"no node\" or \"node down\" would wait for one.",
     .run = wtl__run_flow_plan},
    {.noun = "flow",
     .verb = "ls",
     .operands = "",
     .flags = LIST,
     .summary = "the flows that the node has a part in",
     .run = wtl__run_ask},
    {.noun = "flow",
     .verb = "show",
     .operands = "NAME",
     .operands_min = 1,
     .operands_max = 1,
     .flags = ONE,
     .summary = "one flow: its stages, where they run, what went through them",
     .run = wtl__run_ask},
    {.noun = "new",
     .operands = "NAME",
     .operands_min = 1,
     .operands_max = 1,
     .summary = "make a folder with a new module: three actors, a flow, tests",
     .details = "It builds and tests itself with one command, where the package of wattle is "
                "installed:\n\n"
                "  wattle new greeter && cd greeter && cmake --workflow --preset test\n\n"
                "Nothing of it is special: rename, add and remove as you like.",
     .options = new_options,
     .run = wtl__run_new},
    {.noun = "explain",
     .operands = "CODE",
     .operands_min = 1,
     .operands_max = 1,
     .summary = "say more about an error code, such as E0209",
     .run = wtl__run_explain},
    {.noun = "version",
     .operands = "",
     .flags = WTL__PRINTS_JSON,
     .summary = "version, ABI and licence",
     .run = wtl__run_version},
    {.noun = "help",
     .operands = "[COMMAND...]",
     .operands_max = 2,
     .summary = "say how a command is used",
     .run = wtl__run_help},
};

const uint32_t wtl__commands_count = sizeof wtl__commands / sizeof wtl__commands[0];

const char *wtl__noun_summary(const char *noun)
{
    static const char *const summaries[][2] = {
        {"ca", "the certificate authority of a mesh"},
        {"id", "identities: who a node is"},
        {"module", "modules of actors, and who has signed them"},
        {"node", "a node on this machine"},
        {"mesh", "what a node knows of the mesh"},
        {"actor", "actors and their supervisors"},
        {"flow", "dataflows"},
    };
    for (size_t i = 0; i < sizeof summaries / sizeof summaries[0]; i++) {
        if (strcmp(summaries[i][0], noun) == 0) {
            return summaries[i][1];
        }
    }
    return NULL;
}
