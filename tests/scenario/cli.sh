#!/bin/sh
# cli.sh - the command as a user has it: a CA, two identities, two node processes, questions, an
# orderly end. usage: cli.sh WATTLE. Prints TAP; leaves no process and no file behind.
# shellcheck source=tests/scenario/kit.sh
. "$(dirname "$0")/kit.sh"

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
start cloud-1 --listen 127.0.0.1:0 --join "$(address_of edge-1)" --state "$work"
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
"$wattle" mesh nodes --watch=100ms -q >watched 2>&1 &
pids="$pids $!"
await "^[3-9]" grep -c "^edge-1 " watched
result $? "--watch prints again and again"
kill "$!"
refused 1 E0504 "U04: a second node at the same socket" \
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
end
