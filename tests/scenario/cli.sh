#!/bin/sh
# cli.sh - the command as a user has it: a CA, two identities, two node processes, questions, an
# orderly end. usage: cli.sh WATTLE. Prints TAP; leaves no process and no file behind.
set -u
wattle=$1
work=$(mktemp -d)
number=0
failed=0
pids=

finish() {
    for pid in $pids; do
        kill -9 "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 1
mkdir -m 0700 run
XDG_RUNTIME_DIR=$work/run
export XDG_RUNTIME_DIR
unset WTL_CONTROL

result() { # result STATUS TITLE
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        failed=1
    fi
}

expect() { # expect CODE TITLE COMMAND...: it ends with that code; its output is in `out`
    code=$1
    title=$2
    shift 2
    "$@" >out 2>err
    got=$?
    [ "$got" -eq "$code" ] || sed 's/^/# /' out err
    [ "$got" -eq "$code" ]
    result $? "$title ($code)"
}

has() { # has PART TITLE: the last output has it
    grep -q -e "$1" out err || sed 's/^/# /' out err
    grep -q -e "$1" out err
    result $? "$2"
}

await() { # await PART COMMAND...: until the output of the command has it, 20 s at most
    part=$1
    shift
    tries=0
    until "$@" >out 2>err && grep -q -e "$part" out; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || return 1
        sleep 0.1
    done
}

start() { # start NAME OPTION...: a node process, whose pid is in `pid`
    name=$1
    shift
    "$wattle" node start --id "$name.bundle" --control "$work/$name.sock" "$@" \
        >"$name.out" 2>"$name.err" &
    pid=$!
    pids="$pids $pid"
    await "is up" cat "$name.out"
    result $? "node $name is up"
}

echo "TAP version 13"
expect 78 "a node without identity refuses" "$wattle" node start
has "wattle ca init DIR --mesh NAME" "and says what to do"
expect 0 "ca init" "$wattle" ca init ca --mesh demo
expect 1 "ca init again" "$wattle" ca init ca --mesh demo
expect 0 "id new edge-1" "$wattle" id new edge-1 --layer edge --ca ca
expect 0 "id new cloud-1" "$wattle" id new cloud-1 --layer cloud --ca ca
expect 0 "id show" "$wattle" id show edge-1.bundle --short
has "^edge-1 " "it names the node"
expect 69 "mesh nodes without a node" "$wattle" mesh nodes --control "$work/edge-1.sock"
has "error\[E0301\]" "it says that no node answers"

start edge-1 --listen 127.0.0.1:0
edge=$pid
address=$(sed -n 's/.*listening at \([^,]*\),.*/\1/p' edge-1.out)
start cloud-1 --listen 127.0.0.1:0 --join "$address" --state "$work"
cloud=$pid

WTL_CONTROL=$work/edge-1.sock
export WTL_CONTROL
await '"node":"cloud-1","layer":"cloud","state":"up","peers":1' "$wattle" mesh nodes --json
result $? "mesh nodes shows both"
expect 0 "mesh nodes" "$wattle" mesh nodes
has "^NODE  *LAYER  *STATE  *PEERS  *ACTORS  *VIA  *RTT  *SINCE  *CERT$" "with its columns"
has "^edge-1  *edge  *up  *1 .* 89d$\|^edge-1  *edge  *up  *1 .* 90d$" "and a row for itself"
expect 0 "mesh links" "$wattle" mesh links
has "^cloud-1  *cloud  *up  *in " "the link of the node that has dialled"
expect 0 "mesh names" "$wattle" mesh names
expect 0 "actor ls on the other node" "$wattle" actor ls --node cloud-1
has "<cloud-1:0.1>" "its first actor"
expect 0 "actor tree" "$wattle" actor tree
expect 0 "actor show by name, as JSON" "$wattle" actor show '$node' --json
has '"pid":"<edge-1:0.1>"' "the node's first actor"
expect 1 "actor kill of nobody" "$wattle" actor kill "<cloud-1:77.3>"
expect 77 "actor kill of the node's own" "$wattle" actor kill "<cloud-1:0.1>"
expect 1 "a node that is not there" "$wattle" actor ls --node nobody
expect 64 "usage" "$wattle" actor lss
has "did you mean .wattle actor ls.?" "what was meant"
expect 124 "--watch goes on" timeout 1 "$wattle" mesh nodes --watch=100ms -q
[ "$(grep -c '^edge-1 ' out)" -ge 3 ]
result $? "and has printed again and again"
expect 1 "a second node at the same socket" \
    "$wattle" node start --id cloud-1.bundle --control "$work/edge-1.sock"
expect 0 "the first one still answers" "$wattle" actor ls

kill -TERM "$cloud"
wait "$cloud"
result $? "SIGTERM ends a node in order"
await '"state":"down"' "$wattle" mesh nodes --json
result $? "the other one sees it down"
expect 69 "and it cannot be asked" "$wattle" actor ls --node cloud-1
has "error\[E0305\]" "which is another error than a name that is not known"
kill -INT "$edge"
wait "$edge"
result $? "SIGINT too"
[ ! -e "$work/edge-1.sock" ] && [ ! -e "$work/cloud-1.sock" ]
result $? "no socket is left"
expect 69 "nobody answers any more" "$wattle" mesh nodes
echo "1..$number"
exit $failed
