#!/usr/bin/env bash
# A flow over three nodes, device -> edge -> cloud, each a process of its own with mutual TLS over
# loopback: how many messages of 64 bytes pass in a second, each acknowledged from the far end, and
# how long a lone one takes.
# usage: tests/bench/flow/run.sh BUILD [COUNT] [RUNS]    BUILD: a folder with wattle and the benches
set -euo pipefail
build=$(cd "${1:?usage: run.sh BUILD [COUNT] [RUNS]}" && pwd)
count=${2:-1000000}
runs=${3:-3}
wattle=$build/nodes/cli/wattle
module=$build/tests/bench/stream.so
work=$(mktemp -d)
pids=()
stop() {
    for pid in "${pids[@]:-}"; do [[ -z $pid ]] || kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]:-}"; do [[ -z $pid ]] || wait "$pid" 2>/dev/null || true; done
    pids=()
}
trap 'stop; rm -rf "$work"' EXIT
cd "$work"
"$wattle" ca init ca --mesh bench >/dev/null
for layer in device edge cloud; do
    "$wattle" id new "$layer-1" --layer "$layer" --ca ca --days 7 >/dev/null
done

start() { # NAME ARG...
    local name=$1
    shift
    "$wattle" node start --id "$name.bundle" --control "$work/$name.sock" --state "$work/$name" \
        --module "$module" --dev --quiet "$@" >"$name.out" 2>"$name.log" &
    pids+=($!)
}

once() { # COUNT EVERY_MS
    local port=$((20000 + RANDOM % 20000)) end=$((SECONDS + 120))
    cat >stream.flow <<FLOW
flow stream {
  source = stream.source @device { count = $1, every_ms = ${2}ms }
  relay  = stream.relay  @edge
  sink   = stream.sink   @cloud { count = $1, every_ms = ${2}ms }
  push source <~> relay <~> sink
}
FLOW
    start cloud-1 --listen "127.0.0.1:$port" --flow stream.flow
    start edge-1 --listen "127.0.0.1:$((port + 1))" --join "127.0.0.1:$port"
    start device-1 --join "127.0.0.1:$((port + 1))"
    until grep -q p99 cloud-1.out; do
        if [[ $SECONDS -ge $end ]]; then
            tail -n 5 ./*.log >&2
            echo "run.sh: the flow did not end within 120 s" >&2
            exit 1
        fi
        sleep 0.1
    done
    cat cloud-1.out
    stop
}

for ((i = 0; i < runs; i++)); do
    once "$count" 0
    once 1000 3
done
