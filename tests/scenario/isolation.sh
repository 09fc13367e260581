#!/bin/sh
# isolation.sh - a flow over three nodes whose stages run in processes of their own: what becomes of
# it when those are killed, and what is said of modules that are started that way.
# usage: isolation.sh WATTLE MODULE. Prints TAP.
# shellcheck source=tests/scenario/kit.sh
. "$(dirname "$0")/kit.sh"
module=$2
isolated=$module,isolation=process,may=files

ca
identity cloud-1 cloud
identity edge-1 edge
identity device-1 device
cat >climate.flow <<END
flow climate {
  readings = machine.readings @each:device { period_ms = 20ms }
  clean    = machine.clean    @edge
  store    = machine.store    @cloud       { path = "$work/climate.db" }

  push readings <~> clean <~> store
}
END

# ---- what cannot be

refused 64 E0104 "U05: an option that there is not" "$wattle" node start --id edge-1.bundle \
    --module "$module,isolation=process,speed=9" --dev
has "expected isolation=, may=, memory= or budget=" "what was expected"
refused 64 E0104 "U05: an option that there is not, alone" "$wattle" node start \
    --id edge-1.bundle --module "$module,speed=9" --dev
has 'no option "speed=9"' "which one"
refused 64 E0104 "U05: limits without a process" "$wattle" node start --id edge-1.bundle \
    --module "$module,memory=64MiB" --dev
has "add isolation=process" "and what to do"
refused 64 E0104 "U05: a right that there is not" "$wattle" node start --id edge-1.bundle \
    --module "$module,isolation=process,may=everything" --dev
has "expected files, network or files+network" "which there are"
refused 65 E0503 "U05: without --dev" "$wattle" node start --id edge-1.bundle \
    --listen 127.0.0.1:0 --module "$isolated"
has "is not trusted" "as for any module"

# ---- a module that is signed

expect 0 "a key to sign with" "$wattle" module keygen team -q
expect 0 "and somebody else's" "$wattle" module keygen other -q
expect 0 "a release of the one" "$wattle" module sign "$module" --key team.key --number 1 \
    --out signed.so -q
expect 0 "and of the other" "$wattle" module sign "$module" --key other.key --number 1 \
    --out stranger.so -q
cp signed.so bent.so
printf '\377\001' | dd of=bent.so bs=1 seek=5000 conv=notrunc 2>/dev/null
for file in stranger.so bent.so "$module"; do
    refused 65 E0503 "X082: $(basename "$file") is refused" "$wattle" node start \
        --id cloud-1.bundle --control "$work/cloud-1.sock" --state signed --module-key team.pub \
        --module "$file,isolation=process,may=files"
    has "module_refused .*reason=" "and audited"
done
[ -z "$(pgrep -P $$ -f wattle-module-host)" ]
result $? "X082: and none of it has run"
printf 'flow own {\n  push machine.readings @cloud { period_ms = 20ms } <~>\n' >own.flow
printf '    machine.store @cloud { path = "%s/own.db" }\n}\n' "$work" >>own.flow
start cloud-1 --listen 127.0.0.1:0 --state signed --module-key team.pub --flow own.flow \
    --module signed.so,isolation=process,may=files
cloud=$pid
expect 0 "X082: what was signed is loaded" grep "module_loaded module=machine .*release=1" \
    cloud-1.err
own_flow_stores() {
    "$wattle" flow show own --json --control "$work/cloud-1.sock" >flow.json 2>flow.err &&
        python3 -c 'import json
print(max(row["acked"] or 0 for row in json.load(open("flow.json"))) > 20)'
}
await True own_flow_stores
result $? "X082: it runs"
[ "$(pgrep -c -P "$cloud" -f wattle-module-host)" = 1 ]
result $? "X082: in a process of its own"
stop cloud-1 "$cloud"

# ---- three nodes and the flow

start cloud-1 --listen 127.0.0.1:0 --state cloud --module "$isolated" --dev --flow climate.flow
cloud=$pid
start edge-1 --listen 127.0.0.1:0 --join "$(address_of cloud-1)" --state edge \
    --module "$isolated" --dev
edge=$pid
start device-1 --join "$(address_of edge-1)" --module "$isolated" --dev
device=$pid
WTL_CONTROL=$work/cloud-1.sock
export WTL_CONTROL

flow_is() { # flow_is PYTHON: what `flow show` of the flow says, as `stages` by name
    "$wattle" flow show climate --json >flow.json 2>flow.err && python3 -c 'import json, sys
stages = {row["stage"]: row for row in json.load(open("flow.json"))}
print(bool(eval("(" + sys.argv[1] + ")")))' "$1"
}
child_of() { # child_of NODE_PID: the process of its module
    pgrep -P "$1" -f wattle-module-host
}
await True flow_is 'stages["store"]["acked"] > 20'
result $? "X091: readings of the device arrive in the cloud through three processes"
for node in "$cloud" "$edge" "$device"; do
    [ -n "$(child_of "$node")" ]
    result $? "X091: a process of its own runs the module of node process $node"
done

# ---- where an actor's code runs is shown

child=$(child_of "$cloud")
expect 0 "U03: the actors of the cloud" "$wattle" actor ls --json
json "U03: the code of each stage runs in the process of its module, all else in the node" \
    "{row['type']: row['process'] for row in it if row['process']} == {'store': $child}"
stored=$(python3 -c 'import json
print(next(row["pid"] for row in json.load(open("out")) if row["process"]))')
expect 0 "U03: as people see them" "$wattle" actor ls
has "RESTARTS  *PROCESS" "there is a column for it"
has " store .* $child\$" "which has the process"
expect 0 "U03: the tree of the cloud" "$wattle" actor tree
has "STRATEGY  *PROCESS" "has the column too"
has " store .* $child\$" "with the process"
expect 0 "U03: and for programs" "$wattle" actor tree --json
json "U03: the same" "[row['process'] for row in it if row['type'] == 'store'] == [$child]"
expect 0 "U03: the actor that stores" "$wattle" actor show "$stored" --json
json "U03: its code runs in the process of its module" "it['process'] == $child"

# ---- the versions of modules

expect 0 "U03: the modules of the cloud" "$wattle" module ls --json
json "U03: with those in processes of their own, and their actors" \
    "[(row['module'], row['state'], row['actors']) for row in it] == [('machine', 'process', 1)]"
refused 1 E0508 "X096: one of them is not upgraded" "$wattle" module upgrade machine "$module"
has "runs in a process of its own" "and why"
has "start the node with the new file" "and what to do"

# ---- a stage whose code runs there is looked into and held, through another node

stage=$(python3 -c 'import json
print(next(r["pid"] for r in json.load(open("flow.json")) if r["stage"] == "clean"))')
expect 0 "L18: actor state" "$wattle" actor state "$stage" --json
json "L18: it is what the stage's type shows" 'it["state"]["seen"] > 0 and it["state"]["known"]'
expect 0 "L18: actor trace" "$wattle" actor trace "$stage" --count 20 --for 20s --json
json "L18: messages go in, and come out" \
    'len(it) == 20 and {r["way"] for r in it} == {"in", "out"}'
stats_are() { # stats_are PYTHON: what actor stats says
    "$wattle" actor stats "$stage" --json >stats.json 2>stats.err && python3 -c 'import json, sys
it = json.load(open("stats.json"))
print(bool(eval(sys.argv[1])))' "$1"
}
await True stats_are 'it["handled"] > 0 and it["handled_since"] and it["sent"]'
result $? "L18: actor stats has what was handled and sent"
expect 0 "L18: actor suspend" "$wattle" actor suspend "$stage"
expect 0 "L18: the state of a suspended one" "$wattle" actor state "$stage" --json
seen=$(python3 -c 'import json; print(json.load(open("out"))["state"]["seen"])')
await True stats_are 'it["mailbox"] > 0'
result $? "L18: its mail waits"
expect 0 "L18: and its state once more" "$wattle" actor state "$stage" --json
json "L18: it handles nothing" "it['state']['seen'] == $seen"
expect 0 "L18: actor replace" "$wattle" actor replace "$stage" '{"fault_after": 1000000}'
expect 0 "L18: what was replaced" "$wattle" actor state "$stage" --json
json "L18: is its state now" 'it["state"]["fault_after"] == 1000000'
refused 64 E0104 "L18: a state that its type does not take" \
    "$wattle" actor replace "$stage" '{"fault_after": "never"}'
expect 0 "L18: actor resume" "$wattle" actor resume "$stage"
before=$(python3 -c 'import json
print(next(r["acked"] for r in json.load(open("flow.json")) if r["stage"] == "store"))')
await True flow_is "stages['store']['acked'] > $before + 10"
result $? "L18: and the flow goes on"

# ---- each process is killed in turn; the flow goes on, and nothing is lost

children=
for name in clean store readings; do
    case $name in
    clean) node=$edge ;;
    store) node=$cloud ;;
    readings) node=$device ;;
    esac
    old=$(child_of "$node")
    kill -KILL "$old"
    await True flow_is "stages['$name']['restarts'] >= 1 and stages['$name']['state'] == 'running'"
    result $? "X090: $name has come back"
    new=$(child_of "$node")
    [ "$new" != "$old" ]
    result $? "X090: in a new process"
    children="$children $old $new"
    before=$(python3 -c 'import json
print(next(r["acked"] for r in json.load(open("flow.json")) if r["stage"] == "store"))')
    await True flow_is "stages['store']['acked'] > $before + 10 or
        stages['store']['restarts'] > 0 and stages['store']['acked'] > 10"
    result $? "X121: and readings arrive again"
done
grep -q "module_process_died.*reason=fault:sigkill" edge-1.err
result $? "X090: the edge's log says how it ended"

stop device-1 "$device"
stop edge-1 "$edge"
stop cloud-1 "$cloud"
left=
for child in $children; do
    ! kill -0 "$child" 2>/dev/null || left="$left $child"
done
result ${#left} "no process is left$left"
gaps=$(python3 -c 'import sqlite3
rows = sqlite3.connect("climate.db").execute("select max(source_seq) - min(source_seq) + 1"
    " - count(distinct source_seq) from readings group by epoch, source_node, source_local")
print(sum(gap for gap, in rows))')
[ "$gaps" = 0 ]
result $? "X122: no reading is missing between the first and the last ($gaps)"
end
