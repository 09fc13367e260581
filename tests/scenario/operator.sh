#!/bin/sh
# operator.sh - a flow over three nodes, each a process of its own, and all that an operator asks:
# which flows, stages, actors, nodes, links and names there are, here and elsewhere; the end of a
# stage, which comes back. usage: operator.sh WATTLE MODULE. Prints TAP.
# shellcheck source=tests/scenario/kit.sh
. "$(dirname "$0")/kit.sh"
module=$2

ca
identity cloud-1 cloud
identity edge-1 edge
identity device-1 device
cat >climate.flow <<END
flow climate {
  readings = machine.readings @each:device { period_ms = 100ms }
  clean    = machine.clean    @edge
  store    = machine.store    @cloud       { path = "$work/climate.db" }

  push readings <~> clean <~> store
}
END

# ---- what would run, before there is a device and an edge

start cloud-1 --listen 127.0.0.1:0 --state cloud --module "$module" --dev
cloud=$pid
WTL_CONTROL=$work/cloud-1.sock
export WTL_CONTROL
expect 0 "F65: flow plan in a mesh of one node" "$wattle" flow plan climate.flow
has "^clean  *machine.clean  *@edge  *-  *edge  *-  *-  *no node$" \
    "F65: a stage without a node is said to have none"
has "^store  *machine.store  *@cloud  *cloud-1  *cloud  *1  *1024  *ready$" \
    "F65: a stage with one has it, with its instances and credit"
kill -TERM "$cloud"
wait "$cloud"

# ---- three nodes and the flow

start cloud-1 --listen 127.0.0.1:0 --state cloud --module "$module" --dev --flow climate.flow
cloud=$pid
start edge-1 --listen 127.0.0.1:0 --join "$(address_of cloud-1)" --state edge --module "$module" \
    --dev
edge=$pid
start device-1 --join "$(address_of edge-1)" --module "$module" --dev
device=$pid

flow_is() { # flow_is PYTHON: what `flow show` of the flow says, as `stages` by name
    "$wattle" flow show climate --json >flow.json 2>flow.err && python3 -c 'import json, sys
stages = {row["stage"]: row for row in json.load(open("flow.json"))}
print(bool(eval("(" + sys.argv[1] + ")")))' "$1"
}
await True flow_is 'stages["store"]["in"] > 0'
result $? "readings of the device arrive in the cloud"
expect 0 "flow show" "$wattle" flow show climate
has "^STAGE  *NODE  *PID  *STATE  *IN  *OUT  *ACKED  *DROPPED  *RESTARTS  *WAITING " \
    "U03: with its columns"
has "^clean  *edge-1  *<edge-1:[0-9.]*>  *running " "each stage where it belongs"
has "^4 in all " "U03: and a row of totals"

expect 0 "flow ls" "$wattle" flow ls
has "^climate  *1  *here " "the node that was given the flow manages it"
expect 0 "flow ls on another node" "$wattle" flow ls --node edge-1
has "^climate  *1  *elsewhere  *1$" "which has a stage of it"
expect 0 "F65: flow plan of a flow that runs" "$wattle" flow plan climate.flow
has "^readings  *machine.readings  *@each:device  *device-1  *device  *1  *-  *ready$" \
    "F65: it shows where it runs"
has "= note: a flow climate runs already" "F65: and says that it does"

# ---- every list as JSON, here and through this node elsewhere

for verb in "flow ls" "flow show climate" "flow plan climate.flow" "mesh nodes" "mesh links" \
    "mesh names" "actor ls" "actor tree" "actor show flow.host" "version" \
    "id show cloud-1.bundle"; do
    # shellcheck disable=SC2086
    "$wattle" $verb --json >out 2>err
    json "U03: $verb --json"
    case $verb in
    id* | version) continue ;;
    esac
    for node in edge-1 device-1; do
        # shellcheck disable=SC2086
        expect 0 "U03: $verb, asked of $node through cloud-1" "$wattle" $verb --node $node --json
        json "U03: and that is JSON"
    done
done
"$wattle" mesh nodes --json >out 2>err
json "U07: three nodes are up" \
    '{(r["node"], r["layer"], r["state"]) for r in it} == {("cloud-1", "cloud", "up"),
      ("edge-1", "edge", "up"), ("device-1", "device", "up")}'
json "U07: with their certificates' days and their actors" \
    'all(r["cert_days"] > 80 and r["actors"] > 3 for r in it)'
"$wattle" mesh links --json --node edge-1 >out 2>err
json "U07: the edge has a link to each" \
    'sorted(r["peer"] for r in it) == ["cloud-1", "device-1"] and all(r["state"] == "up"
      and r["bytes_in"] > 0 and r["bytes_out"] > 0 for r in it)'
"$wattle" mesh names --json >out 2>err
json "the manager holds the flow's name" \
    'any(r["name"] == "flow.climate" and r["node"] == "cloud-1" for r in it)'
"$wattle" flow plan climate.flow --json >out 2>err
json "F65: the plan as data" \
    '[(r["stage"], r["node"], r["instances"], r["state"]) for r in it] == [
      ("readings", "device-1", 1, "ready"), ("readings.outbox", "device-1", 1, "ready"),
      ("clean", "edge-1", 1, "ready"), ("store", "cloud-1", 1, "ready")]'

# ---- a stage is looked into and held, through another node

await True flow_is 'stages["clean"]["state"] == "running"'
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
result $? "L18: actor stats has what was handled and sent, also since it was asked before"
expect 0 "L18: actor suspend" "$wattle" actor suspend "$stage"
expect 0 "L18: it is shown as suspended" "$wattle" actor show "$stage" --json
json "L18: by actor show" 'it["state"] == "suspended"'
await True stats_are 'it["mailbox"] > 0'
result $? "L18: its mail waits"
handled=$(python3 -c 'import json; print(json.load(open("stats.json"))["handled"])')
expect 0 "L18: asked again" "$wattle" actor stats "$stage" --json
json "L18: it handles none of it" "it['handled'] == $handled"
refused 77 E0303 "T10: a device holds nothing elsewhere" \
    "$wattle" actor resume --control "$work/device-1.sock" "$stage"
expect 0 "L18: actor replace" "$wattle" actor replace "$stage" '{"fault_after": 0}'
refused 64 E0104 "L18: a state that its type does not take" \
    "$wattle" actor replace "$stage" '{"fault_after": "never"}'
expect 0 "L18: actor resume" "$wattle" actor resume "$stage"
await True stats_are "it['handled'] > $handled and it['mailbox'] == 0"
result $? "L18: it goes on with what has waited"
grep -q "actor_held .*pid=\"\{0,1\}<edge-1:.*what=suspended .*by=\"\{0,1\}another node" edge-1.err
result $? "T10: the node on which it runs has it in its log"

# ---- a stage is killed, through another node, and comes back

await True flow_is 'stages["clean"]["state"] == "running"'
victim=$(python3 -c 'import json
print(next(r["pid"] for r in json.load(open("flow.json")) if r["stage"] == "clean"))')
expect 0 "T01: actor show by the pid that flow show prints" "$wattle" actor show "$victim" --json
json "T01: it is that one, on its node" \
    "it['pid'] == '$victim' and it['type'] == 'clean' and it['handled'] > 0"
expect 0 "T01: actor ls --sort" "$wattle" actor ls --node edge-1 --sort handled --json
json "T01: the busiest actor comes first" \
    'it[0]["handled"] == max(r["handled"] for r in it) and it[0]["type"] == "clean"'
expect 0 "T10: actor kill" "$wattle" actor kill "$victim"
has "^killed $victim$" "and says whom"
await True flow_is "stages['clean']['restarts'] == 1 and stages['clean']['pid'] != '$victim'
    and stages['clean']['state'] == 'running'"
result $? "T02: the stage has come back, and flow show counts the restart"
before=$(python3 -c 'import json
print(next(r["in"] for r in json.load(open("flow.json")) if r["stage"] == "store"))')
await True flow_is "stages['store']['in'] > $before"
result $? "and readings go on"
expect 1 "T10: actor kill of the one that has ended" "$wattle" actor kill "$victim"
has "has ended, or never was" "its id belongs to nobody else"
expect 0 "T02: actor tree shows the restart under its supervisor" \
    "$wattle" actor tree --node edge-1 --json
json "T02: with its strategy" \
    'any(r["type"] == "supervisor" and r["strategy"] == "one_for_one" for r in it) and
     any(r["type"] == "clean" and r["restarts"] == 1 for r in it)'
grep -q "actor_killed .*pid=<edge-1:.*by=\"\?another node" edge-1.err
result $? "T10: the node on which it ran has it in its log"
[ "$(sed -n 's/.*actor_killed.*pid="\{0,1\}\(<[^>]*>\).*/\1/p' edge-1.err)" = "$victim" ]
result $? "T10: with the right pid"

# ---- who may ask for what

refused 77 E0303 "T10: the flow host is not killed, nor the node's first actor" \
    "$wattle" actor kill flow.host
refused 77 E0303 "T10: nor those of other nodes" "$wattle" actor kill '<edge-1:0.1>'
refused 77 E0303 "T10: a device asks nothing of others" \
    "$wattle" actor ls --control "$work/device-1.sock" --node cloud-1
refused 77 E0303 "T10: and kills nothing there" \
    "$wattle" actor kill --control "$work/device-1.sock" "$victim"
expect 0 "T10: but answers about itself" "$wattle" actor ls --control "$work/device-1.sock"
expect 0 "and shows the mesh as it sees it" "$wattle" mesh nodes \
    --control "$work/device-1.sock" --json
json "with itself in it" 'any(r["node"] == "device-1" for r in it)'

# ---- errors that are told apart

refused 1 E0304 "U05: a node that is not in the mesh" "$wattle" actor ls --node edge-9
has 'knows no node "edge-9"' "by its name"
refused 1 E0304 "U05: a flow that does not run" "$wattle" flow show weather
has "wattle flow ls" "and what to ask instead"
refused 1 E0304 "U05: an actor that is not there" "$wattle" actor show '<edge-1:900.1>'
refused 64 E0104 "U05: what is no name of a node" "$wattle" actor ls --node ../etc
refused 64 E0105 "U05: an unknown column" "$wattle" mesh nodes --sort speed
has "columns: NODE LAYER STATE" "and those that there are"
refused 64 E0102 "U05: actor kill is not repeated" "$wattle" actor kill "$victim" --watch
refused 65 E0223 "U04: flow plan of a bad flow" sh -c \
    "echo 'flow x { push m.a @clod <~> m.b @edge }' | '$wattle' flow plan -"

kill -TERM "$edge"
wait "$edge"
result $? "SIGTERM ends the edge in order"
node_is_down() {
    "$wattle" mesh nodes --json --timeout 10s >nodes.json 2>/dev/null && python3 -c 'import json
print(any(r["node"] == "edge-1" and r["state"] == "down" for r in json.load(open("nodes.json"))))'
}
await True node_is_down
result $? "U07: mesh nodes shows it down"
refused 69 E0305 "U05: a node that is down" "$wattle" actor ls --node edge-1
await True flow_is 'stages["clean"]["state"] == "away"'
result $? "flow show says that its stage is away"
expect 0 "F65: flow plan with a node that is down" "$wattle" flow plan climate.flow
has "^clean  *machine.clean  *@edge  *edge-1  *edge  *1  *1024  *node down$" \
    "F65: the stage waits for it"

stop device-1 "$device"
stop cloud-1 "$cloud"
end
