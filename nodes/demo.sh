#!/usr/bin/env bash
# demo.sh - wattle's main job on this machine's own readings: two devices, an edge and a cloud node,
# one mesh, one flow. An actor is crashed by a null dereference and the edge is killed, before your
# eyes; then every reading is counted by its key.
# usage: nodes/demo.sh [--keep] [--seconds N]
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
keep=0
seconds=45
while [[ $# -gt 0 ]]; do
    case $1 in
    --keep) keep=1 ;;
    --seconds) seconds=${2:?--seconds takes a number}; shift ;;
    -h | --help) sed -n '2,5s/^# //p' "$0"; exit 0 ;;
    *) echo "demo.sh: unknown option $1; see --help" >&2; exit 64 ;;
    esac
    shift
done

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() { echo "demo.sh: $*" >&2; exit 1; }

"$top/tests/support/packages.sh" build
build=$top/build/demo
log=$build/build.log
mkdir -p "$build"
say "building (log: ${log#"$top"/})"
cmake -S "$top" -B "$build" -G Ninja -DWTL_BUILD_TESTS=OFF >"$log" 2>&1 &&
    ninja -C "$build" wattle machine >>"$log" 2>&1 ||
    { tail -n 20 "$log"; fail "the build failed"; }
wattle=$build/nodes/cli/wattle
module=$build/actors/machine/machine.so

work=$(mktemp -d)
pids=()
cleanup() {
    [[ $keep -eq 0 ]] || return 0
    for pid in "${pids[@]:-}"; do [[ -z $pid ]] || kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]:-}"; do [[ -z $pid ]] || wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

say "a certificate authority, and a bundle for each node"
"$wattle" ca init ca --mesh demo
for node in device-1:device device-2:device edge-1:edge cloud-1:cloud; do
    "$wattle" id new "${node%%:*}" --layer "${node##*:}" --ca ca --days 7 | head -1
done

say "a key for code, apart from the authority: nodes run what it has signed"
"$wattle" module keygen team -q
"$wattle" module sign "$module" --key team.key --out machine.so | head -1

cat >climate.flow <<FLOW
flow climate {
  readings = machine.readings @each:device { period_ms = 200ms }
  clean    = machine.clean    @edge        { fault_after = 1200 }
  store    = machine.store    @cloud       { path = "$work/climate.db" }

  push readings <~> clean <~> store
}
FLOW
say "one line of notation: who measures, who cleans, who keeps, and where"
cat climate.flow
"$wattle" flow check climate.flow

port=$((20000 + RANDOM % 20000))
start() { # start NAME ARG...: a node of its own process
    local name=$1
    shift
    "$wattle" node start --id "$name.bundle" --control "$work/$name.sock" --state "$work/$name" \
        --module machine.so --module-key team.pub "$@" >>"$name.log" 2>&1 &
    pids+=($!)
    eval "pid_${name//-/_}=$!"
}
ask() { local name=$1; shift; "$wattle" "$@" --control "$work/$name.sock"; }
until_true() { # until_true SECONDS WHAT COMMAND...
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [[ $SECONDS -lt $end ]] || { tail -n 5 ./*.log; fail "waited too long for $what"; }
        sleep 0.2
    done
}
sql() { sqlite3 -cmd '.timeout 2000' climate.db "$1"; }

say "four nodes, every link mutual TLS"
start cloud-1 --listen "127.0.0.1:$port" --flow climate.flow
start edge-1 --listen "127.0.0.1:$((port + 1))" --join "127.0.0.1:$port"
start device-1 --join "127.0.0.1:$((port + 1))"
start device-2 --join "127.0.0.1:$((port + 1))"
mesh_is_up() { [[ $(ask cloud-1 mesh nodes --json | grep -o '"up"' | wc -l) -ge 4 ]]; }
until_true 20 "the mesh" mesh_is_up
ask cloud-1 mesh nodes
stored() { [[ $(sql 'select count(*) from readings') -gt 0 ]]; }
until_true 20 "the first reading in the cloud" stored
ask cloud-1 flow show climate

summary() { # one line a second, for N seconds
    local before now count latency
    before=$(sql 'select count(*) from readings')
    for ((i = 0; i < $1; i++)); do
        sleep 1
        now=$(sql 'select count(*) from readings')
        latency=$(sql "select coalesce(max(stored_ms - at_ms), '-') from (select stored_ms, at_ms
            from readings order by rowid desc limit 50)")
        count=$(sql 'select count(distinct host || kind || source_node) from readings')
        printf '  %5d readings kept  %4d/s  %3d sensors  latency of the last 50: up to %s ms\n' \
            "$now" $((now - before)) "$count" "$latency"
        before=$now
    done
}
say "live, from the consumer's own table"
summary 8

say "the processor on the edge faults after 1200 readings: a real null dereference, contained"
faulted() { grep -q 'sigsegv' edge-1.log; }
until_true 60 "the fault" faulted
grep -m1 'sigsegv' edge-1.log | cut -c1-160
echo "the edge node lives (pid $pid_edge_1), and its supervisor has started the actor again:"
ask edge-1 actor tree | head -30
summary 4

say "the edge node is killed: kill -9 $pid_edge_1"
kill -9 "$pid_edge_1"
wait "$pid_edge_1" 2>/dev/null || true
summary 3
echo "... and comes back as another incarnation"
start edge-1 --listen "127.0.0.1:$((port + 1))" --join "127.0.0.1:$port"
until_true 30 "the mesh" mesh_is_up
rest=$((seconds - 30))
summary $((rest > 8 ? rest : 8))

say "every reading by its key"
# what the devices have had accepted, each counting from 1, and what of that is in the table
accepted() {
    ask cloud-1 flow show climate --json | tr '{' '\n' | grep '"readings.outbox"' |
        sed 's/.*"in": *\([0-9]*\).*/\1/' | sort -n
}
accepted=$(accepted)
complete() { # of each device: as many as it had accepted, without a gap
    paste <(echo "$accepted") <(sql "select max(source_seq) from readings group by source_node
        having max(source_seq) = count(distinct source_seq) order by 1") |
        awk '$2 < $1 { short = 1 } END { exit short }'
}
until_true 30 "the last redelivery" complete
sql "select 'produced ' || sum(n) || ', delivered ' || sum(c) || ', lost ' || (sum(n) - sum(c)) ||
    ', duplicates that the key has caught ' || sum(r) from (select max(source_seq) n,
    count(distinct source_seq) c, sum(repeats) r from readings group by source_node)"

if [[ $keep -eq 1 ]]; then
    say "the mesh is up: try"
    echo "  $wattle mesh links --control $work/cloud-1.sock"
    echo "  $wattle actor ls --node edge-1 --control $work/cloud-1.sock"
    echo "  stop it with: kill ${pids[*]} ; rm -r $work"
else
    say "try next"
    echo "  nodes/demo.sh --keep, then: build/demo/nodes/cli/wattle help"
    echo "  docs/ARCHITECTURE.md for a tour; actors/machine for a module of three actors"
fi
