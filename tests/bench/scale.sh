#!/usr/bin/env bash
# How what a message and an actor cost grows from a thousand actors to a million, and what more
# workers give where the work can be divided.
# usage: tests/bench/scale.sh BENCH_LOCAL
set -euo pipefail
bench=${1:?usage: scale.sh BENCH_LOCAL}
value() { # METRIC ARG...: of one run
    local metric=$1
    shift
    "$bench" "$@" | awk -F'\t' -v metric="$metric" '$3 == metric { print $4 }'
}

printf '%-10s %18s %14s %16s\n' actors 'ring, ns a hop' 'bytes each' 'spawn, ns each'
for actors in 1000 10000 100000 1000000; do
    hop=$(value per_hop 1 ring rec64 "$actors" 5000000)
    bytes=$(value rss_per_actor 1 idle int "$actors")
    spawn=$(value spawn 1 idle int "$actors")
    awk -v n="$actors" -v h="$hop" -v b="$bytes" -v s="$spawn" \
        'BEGIN { printf "%-10d %18.1f %14.0f %16.0f\n", n, h, b, 1e9 / s }'
done

printf '\n%-10s %18s %14s %14s %14s\n' workers 'fork-join of 1 us' 'big, M/s' 'fan-out, M/s' \
    'spawn, M/s'
for ((workers = 1; workers <= $(nproc); workers *= 2)); do
    work=$(value throughput "$workers" fj_work int 100 20000)
    big=$(value throughput "$workers" big rec64 1000 5000)
    out=$(value throughput "$workers" fj_throughput rec64 100 50000)
    spawn=$(value spawn_msg_die "$workers" fj_create int 3000000)
    awk -v n="$workers" -v w="$work" -v b="$big" -v o="$out" -v s="$spawn" 'BEGIN {
        printf "%-10d %18.2f %14.1f %14.1f %14.1f\n", n, w / 1e6, b / 1e6, o / 1e6, s / 1e6 }'
done
