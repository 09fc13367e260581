#!/bin/bash
# mesh/suite.sh - the benches between two nodes, ours and the peers', for run.sh, which sources it.
#
# A row is a bench and its sizes; each is run for every runtime before the next one, so that what
# is compared was measured in the same minutes. All rows are mutual TLS 1.3 over loopback, with
# P-256 certificates. How often a message is sent differs by runtime, as in the peers' own drivers:
# so that a run takes seconds with each.
#
# The sink acknowledges each quarter of a window of 16 MiB, but of 4 to 16,384 messages; Erlang has
# no window, there the sender is held back by the connection's queue.
#
# needs: build, out, the functions of the peers' common/env.sh, and `with`, the peers to run.
# shellcheck shell=bash disable=SC2154,SC2034

# BENCH BYTES [OUTSTANDING] | wattle erlang caf nats: how often, or for how many milliseconds
mesh_rows='
oneway 64        | 3000000 500000 300000 2000000
oneway 1024      | 1000000 300000 200000 500000
oneway 65536     | 20000 5000 10000 10000
oneway 1048576   | 1500 500 500 800
rtt 64 1         | 50000 20000 10000 10000
rtt 64 64        | 500000 200000 100000 100000
hol 1048576 2    | 5000 5000 5000 5000
hol 8388608 2    | 5000 5000 5000 5000
'

# One run of measure.py: the log of the runtime's own lines goes beside the results.
mesh_measure() { # RUNTIME LABEL COMMAND...
    local runtime=$1 label=$2
    shift 2
    PEER=$label PEERS_RAW=$out/$runtime.tsv M -t 120 -- "$@" 2>>"$out/$runtime.log"
}

# Two workers at each node, and one; and one with each node on a processor of its own.
mesh_wattle() { # BENCH SIZE...
    local program=$build/tests/bench/bench_mesh
    mesh_measure wattle wattle-tls-2 "$program" -w 2 "$@"
    mesh_measure wattle wattle-tls-1 "$program" -w 1 "$@"
    mesh_measure wattle wattle-tls-pin "$program" -w 1 -p "$@"
}

# Two schedulers at each node; one, each node on a processor of its own; two without busy waiting.
mesh_erlang() { # BENCH SIZE...
    local pair=$PEERS/erlang/dist_pair.sh
    SCHED=2 SRV_CPUS=all CLI_CPUS=all mesh_measure erlang erlang-tls bash "$pair" tls 1 "$@"
    [ "$1" = hol ] && return
    SCHED=1 SRV_CPUS=0 CLI_CPUS=1 mesh_measure erlang erlang-tls-pin bash "$pair" tls 1 "$@"
    SCHED=2 SRV_CPUS=all CLI_CPUS=all NODE_FLAGS="+sbwt none +sbwtdcpu none +sbwtdio none" \
        mesh_measure erlang erlang-tls-nobusy bash "$pair" tls 1 "$@"
}

mesh_caf() { # BENCH SIZE...
    local pair=$PEERS/caf/dist_pair.sh
    THREADS=2 mesh_measure caf caf-tls-2 bash "$pair" tls "$@"
    THREADS=1 mesh_measure caf caf-tls-1 bash "$pair" tls "$@"
}

# libnats gathers for 1 ms in a thread of its own, which is good one way; or writes at once.
mesh_nats() { # BENCH SIZE...
    local pair=$PEERS/nats/pair.sh
    if [ "$1" != hol ]; then
        SENDASAP=0 mesh_measure nats nats-tls-flusher bash "$pair" tls "$@"
    fi
    if [ "$1" != oneway ]; then
        SENDASAP=1 mesh_measure nats nats-tls bash "$pair" tls "$@"
    fi
}

# Whether the peer is there, built by its own driver; says it when not.
mesh_has() { # PEER
    case $1 in
    erlang) command -v erl >/dev/null && command -v erlc >/dev/null ;;
    nats) command -v nats-server >/dev/null ;;
    caf) command -v g++ >/dev/null ;;
    *) return 1 ;;
    esac && (cd "$PEERS" && "./run_$1.sh" build) >>"$out/$1.log" 2>&1 && return
    echo "run.sh: no $1 here for the benches between nodes, see $out/$1.log" >&2
    return 1
}

mesh_suite() { # BENCH: its rows, for ours and each peer in turn
    local peer row sizes bench counts all=()
    for peer in $with; do
        [ "$peer" = go ] && continue # it has no nodes
        mesh_has "$peer" && all+=("$peer")
    done
    while IFS='|' read -r row counts; do
        [ "${row%% *}" = "$1" ] || continue
        read -r bench sizes <<<"$row"
        echo "== $bench $sizes" >&2
        mesh_row "$bench" "$sizes" "$counts" ${all[@]+"${all[@]}"}
    done <<<"$mesh_rows"
}

mesh_row() { # BENCH SIZES COUNTS PEER...
    local bench=$1 sizes=$2 peer wattle erlang caf nats
    read -r wattle erlang caf nats <<<"$3"
    shift 3
    for peer in wattle "$@"; do
        local count=${!peer}
        [ "$bench" = hol ] || count=$(sz "$count")
        # shellcheck disable=SC2086 # sizes are words
        "mesh_$peer" "$bench" $sizes "$count" </dev/null
    done
}
