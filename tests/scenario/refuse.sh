#!/bin/sh
# refuse.sh - what a node is started with and cannot be: each is one clear error that says what was
# expected, what came and what to do, with the exit code that `wattle help` documents.
# usage: refuse.sh WATTLE MODULE FOLDER, where FOLDER has modules that are wrong. Prints TAP.
# shellcheck source=tests/scenario/kit.sh
. "$(dirname "$0")/kit.sh"
module=$2
wrong=$3

ca
identity edge-1 edge
identity edge-2 edge
identity device-1 device
start edge-1 --listen 127.0.0.1:0 --state state-1
edge=$pid
taken=$(address_of edge-1)

# refuses CODE ERROR TITLE OPTION...: edge-2 does not start with these options.
refuses() {
    code=$1
    error=$2
    title=$3
    shift 3
    refused "$code" "$error" "$title" "$wattle" node start --id edge-2.bundle \
        --control "$work/edge-2.sock" "$@"
}

# ---- identity

refused 78 E0502 "I14: no identity" "$wattle" node start
has "wattle ca init DIR --mesh NAME" "which two commands make one"
has "wattle id new NAME --layer LAYER --ca DIR" "in their order"
refused 78 E0401 "U05: a bundle that is not there" "$wattle" node start --id none.bundle
has "none.bundle: .*No such file" "which one"
has "help: wattle id new NAME --layer LAYER --ca DIR --out none.bundle" "and how to make it"
cp edge-2.bundle open.bundle
chmod 0644 open.bundle
refused 78 E0401 "X035: a bundle of mode 0644" "$wattle" node start --id open.bundle
has "expected mode 0600, .*came 0644; run: chmod 600 open.bundle" "the mode, and the command"
echo "no bundle" >text.bundle
chmod 0600 text.bundle
refused 78 E0401 "U05: a file that is no bundle" "$wattle" node start --id text.bundle
has "expected \"wattle-bundle 1\"" "what it begins with"
refused 78 E0401 "U05: a folder as a bundle" "$wattle" node start --id "$work"
head -c 600 edge-2.bundle >cut.bundle
chmod 0600 cut.bundle
refused 78 E0401 "U05: a bundle that is cut off" "$wattle" node start --id cut.bundle

# ---- what another process has

refuses 1 E0504 "U05: a port that is in use" --listen "$taken"
has "cannot listen on $taken: Address already in use" "which one"
has "choose another port with --listen HOST:PORT" "and what to do"
refuses 1 E0504 "U05: the state folder of another node" --state state-1
has "another node runs with the state folder state-1" "which one"
has "folder of its own with --state" "and what to do"
refused 1 E0504 "U05: the control socket of another node" "$wattle" node start \
    --id edge-2.bundle --control "$work/edge-1.sock"
has "a node answers at $work/edge-1.sock already" "which one"
expect 0 "none of these harms the node that runs" "$wattle" actor ls --control "$work/edge-1.sock"

# ---- configuration

refused 64 E0102 "U05: an unknown option" "$wattle" node start --id edge-2.bundle --lisen x
has "did you mean --listen?" "and the one that was meant"
refuses 78 E0501 "U05: a port that is none" --listen 127.0.0.1:99999
has "expected an address like .*got \"127.0.0.1:99999\"" "what was expected and what came"
refuses 78 E0501 "U05: a host that is not this machine" --listen nowhere.example:4600
refuses 78 E0501 "U05: an address of others" --listen 192.0.2.1:4600
has "this machine has no such address" "it says so"
refuses 78 E0501 "U05: a bad address to join" --join 'host name'
refuses 78 E0501 "U05: a state folder that is a file" --state edge-2.bundle
refused 78 E0505 "U05: a control socket in no folder" "$wattle" node start \
    --id edge-2.bundle --control "$work/nowhere/edge-2.sock"
has "its folder $work/nowhere: No such file or directory; make it first" "which folder is missing"
refused 78 E0505 "U05: a control socket with a long path" "$wattle" node start \
    --id edge-2.bundle --control "$work/$(printf '%0120d' 0)"
touch file.sock
refused 1 E0504 "U05: a control socket where a file is" "$wattle" node start \
    --id edge-2.bundle --control "$work/file.sock"
has "is there already, and no socket" "which is not removed"
refused 78 E0501 "U05: a device does not listen" "$wattle" node start --id device-1.bundle \
    --control "$work/device-1.sock" --listen 127.0.0.1:0
has "it dials out only: leave out --listen" "and what to do"

# ---- flows

printf 'flow x {\n  push machine.readings @each:device <~> machine.store @clod\n}\n' >bad.flow
refuses 65 E0223 "U05: a flow with an error" --flow bad.flow
has "^ --> bad.flow:2:57$" "line and column"
has "^  |  *^^^^$" "a caret under it"
has "did you mean .cloud.?" "and what was meant"
refuses 78 E0403 "U05: a flow that is not there" --flow none.flow
expect 65 "flow check says the same" "$wattle" flow check bad.flow
has "^ --> bad.flow:2:57$" "at the same place"
refuses 65 E0223 "U05: a flow with an error, and a new state folder" --flow bad.flow --state state-2
[ ! -e state-2 ]
result $? "nothing was made for a node that does not start"

# ---- modules

refuses 65 E0503 "U05: a module, and no key to check it with" --module "$module"
has "--module-key FILE.pub and sign the module .*--dev" "and what to do"
"$wattle" module keygen team -q
refuses 65 E0503 "X082: a module without a signature" --module "$module" --module-key team.pub
has "has no signature; sign it: wattle module sign FILE --key NAME.key" "and what to do"
refuses 78 E0506 "X082: the private half of a key" --module "$module" --module-key team.key
has "give the .pub beside it, and keep this file away from nodes" "and what to do"
refuses 64 E0104 "X082: signatures, and none" --module "$module" --module-key team.pub --dev
refuses 78 E0403 "U05: a module that is not there" --dev --module none.so
refuses 65 E0503 "X083: a file that is no ELF file" --dev --module bad.flow
has "expected an ELF file, found one that begins with \"flow x {\"" "what was expected and came"
: >empty.so
refuses 65 E0503 "X083: an empty file" --dev --module empty.so
head -c 3000 "$module" >cut.so
refuses 65 E0503 "X083: a module that is cut off" --dev --module cut.so
has "cut off" "it says so"
refuses 65 E0503 "X085: a library that is no module" --dev --module "$wrong/no_entry.so"
has "has no function wtl_module_entry; put WTL_MODULE(" "what is missing, and what to write"
refuses 65 E0503 "X085: a module of another ABI" --dev --module "$wrong/abi_major.so"
has "ABI 2.[0-9]*.*1.0 up to 1.[0-9]" "both numbers"
refuses 65 E0503 "X085: a module with an undefined symbol" --dev --module "$wrong/undefined.so"
has "nobody_defines_this" "by its name"
refuses 65 E0503 "U05: the same module twice" --dev --module "$module" --module "$module"

# ---- a flow against the modules of the node

flow() { # flow NAME EDGE CLOUD: readings on each edge node, with these settings, to a store
    printf 'flow x {\n  push machine.readings @each:edge { %s }\n' "$2" >"$1.flow"
    printf '    <~> machine.store @cloud { %s }\n}\n' "$3" >>"$1.flow"
}
flow typo 'perod_ms = 1s' 'path = "x.db"'
refuses 65 E0234 "F66: a setting that is not there" --dev --module "$module" --flow typo.flow
has "^ --> typo.flow:2:" "its line"
has "did you mean .period_ms.?" "and what was meant"
flow unit 'period_ms = 200' 'path = "x.db"'
refuses 65 E0236 "F66: a duration without a unit" --dev --module "$module" --flow unit.flow
flow far '' 'pth = "x.db"'
expect 0 "F66: of a stage that runs elsewhere nothing is said" "$wattle" flow check far.flow
start edge-2 --dev --module "$module" --flow far.flow --listen 127.0.0.1:0
stop edge-2 "$pid"
refused 65 E0234 "F66: flow check with the module finds it" \
    "$wattle" flow check far.flow --module "$module"
has "did you mean .path.?" "and what was meant"
flow good 'period_ms = 1s' 'path = "x.db"'
expect 0 "F66: flow check with the module of a flow that is good" \
    "$wattle" flow check good.flow --module "$module"
refused 78 E0403 "U05: flow check with a module that is not there" \
    "$wattle" flow check good.flow --module none.so
refused 65 E0503 "U05: flow check with a file that is no module" \
    "$wattle" flow check good.flow --module good.flow

# ---- the command without a node

refused 69 E0301 "U05: no node at that socket" "$wattle" mesh nodes --control "$work/none.sock"
has "tried: connecting: No such file or directory" "what was tried"
refused 69 E0301 "U05: a file that is no socket" "$wattle" mesh nodes --control "$work/bad.flow"
refused 64 E0104 "U05: a path that is too long for a socket" "$wattle" mesh nodes \
    --control "$work/$(printf '%0120d' 0)"
refused 64 E0104 "U05: a pid that is none" "$wattle" actor show '<edge-1:1.1' \
    --control "$work/edge-1.sock"
has 'PID wants "<edge-1:42.7>", 42.7 or a local name; got "<edge-1:1.1"' "what is expected"
refused 64 E0101 "U04: help for a verb that there is not" "$wattle" help actor lss
refused 78 E0403 "U05: id show of a file that is not there" "$wattle" id show none.bundle
for code in E0401 E0403 E0501 E0502 E0503 E0504 E0505 E0506 E0507 E0223 E0301; do
    expect 0 "U05: explain knows $code" "$wattle" explain $code
done

stop edge-1 "$edge"
end
