#!/bin/bash
# The benches within a node and between two of them beside the peers', bench by bench in turn, and a
# table of ratios.
set -eu
usage() {
    cat <<'USAGE'
usage: tests/bench/run.sh [OPTION]... PEERS [BENCH]...
  PEERS   the folder of the peers' benches (or set WTL_PEERS and leave it out); it is copied
  BENCH   within a node: pingpong counting ring fj_create fj_throughput fan_in big call idle
          ours alone: pool (a supervisor's children), timers, call_load (calls on idle workers, and
            on some that are busy for 80 % of their time), neighbour (calls beside one actor whose
            handlers take 100 ms)
          between two nodes, as two processes over loopback with mutual TLS:
            oneway  messages of 64 B, 1 KiB, 64 KiB and 1 MiB one way, until all are acknowledged;
                    16 MiB, but 4 to 16,384 messages, may be under way
            rtt     an echo of 64 B with 1 and with 64 under way
            hol     an echo of 64 B while 1 MiB and 8 MiB messages go the same way, two under way
          local, own or mesh: all of the first, second or third; default: all
  -b DIR  build folder; default build/bench. Configured for speed when it is new
  -o DIR  where results go; default DIR/results of the build folder
  -n N    runs per bench and peer, each a fresh process (5)
  -s N    percent of the sizes (100; 5 makes a smoke run)
  -q N    seconds to wait for a quiet machine before each run (240)
  -d DIR  a folder whose benchmarks.md gets the table, and that gets the chart: docs
  -x LIST peers to run, "erlang go caf nats" unless said otherwise; "" runs ours alone. Go has no
          nodes and NATS no actors: they are left out where they have nothing to show
Peers are built from Debian's packages: erlang-base erlang-ssl erlang-crypto erlang-public-key
erlang-asn1 erlang-dev erlang-tools golang-go libcaf-dev nats-server libnats-dev. One that is not
there is named and left out. A run with foreign load is repeated: see the README of PEERS.
Writes a file of single runs for each runtime, ratios.tsv, ratios.md and ratios.svg.
USAGE
}
root=$(cd "$(dirname "$0")/../.." && pwd)
given="tests/bench/run.sh $*"
build=$root/build/bench out='' runs=5 scale=100 quiet=240 with="erlang go caf nats" docs=''
while getopts b:o:n:s:q:x:d:h option; do
    case $option in
    b) build=$OPTARG ;; o) out=$OPTARG ;; n) runs=$OPTARG ;; s) scale=$OPTARG ;;
    q) quiet=$OPTARG ;; x) with=$OPTARG ;; d) docs=$OPTARG ;;
    h) usage && exit 0 ;; *) usage >&2 && exit 2 ;;
    esac
done
shift $((OPTIND - 1))
peers=${WTL_PEERS:-}
if [ -d "${1:-}" ]; then peers=$1 && shift; fi
if [ ! -f "$peers/common/measure.py" ]; then
    echo "run.sh: expected the peers' folder (with common/measure.py), got \"$peers\"" >&2
    usage >&2 && exit 2
fi
local_benches="pingpong counting ring fj_create fj_throughput fan_in big call idle"
own_benches="pool timers call_load neighbour"
mesh_benches="oneway rtt hol"
[ $# -gt 0 ] || set -- local own mesh
benches='' targets=bench_local nodes=OFF
for bench; do
    case " $local_benches $own_benches $mesh_benches " in
    *" $bench "*) benches="$benches $bench" ;;
    *) case $bench in
        local) benches="$benches $local_benches" ;;
        own) benches="$benches $own_benches" ;;
        mesh) benches="$benches $mesh_benches" ;;
        *) echo "run.sh: no such bench: $bench" >&2 && exit 2 ;;
        esac ;;
    esac
done
is_mesh() { case " $mesh_benches " in *" $1 "*) ;; *) return 1 ;; esac }
is_own() { case " $own_benches " in *" $1 "*) ;; *) return 1 ;; esac }
for bench in $benches; do
    if is_mesh "$bench"; then targets="bench_local bench_mesh" nodes=ON; fi
done

if [ ! -f "$build/CMakeCache.txt" ]; then
    cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DWTL_BUILD_NODES=$nodes >/dev/null
elif [ $nodes = ON ]; then
    cmake -S "$root" -B "$build" -DWTL_BUILD_NODES=ON >/dev/null
fi
# shellcheck disable=SC2086 # targets are words
cmake --build "$build" --target $targets >/dev/null
build=$(cd "$build" && pwd)
out=${out:-$build/results}
mkdir -p "$out" "$build/peers"
out=$(cd "$out" && pwd)
cp -r "$peers/." "$build/peers/"
chmod -R u+w "$build/peers"
rm -f "$out"/*.tsv
export PEERS_RUNS=$runs PEERS_SCALE=$scale PEERS_QUIET_WAIT=$quiet PEERS_RESULTS=$out ONLY

# Ours goes through the peers' own list of sizes and their measure.py.
ours() (
    set +eu
    . "$build/peers/common/env.sh"
    . "$build/peers/common/local_suite.sh"
    export PEERS_RAW=$out/wattle.tsv
    one() { # THREADS BENCH PAYLOAD SIZE...
        local pin=()
        [ "$3" = bin64 ] && return
        [ "$1" = 1 ] && pin=(taskset -c 1)
        M -t 120 -- "${pin[@]}" "$build/tests/bench/bench_local" "$@" 2>>"$out/wattle.log"
    }
    local_suite 2
    local_suite 1
)

# Those that the peers have not: with two workers.
own() ( # BENCH
    set +eu
    . "$build/peers/common/env.sh"
    export PEERS_RAW=$out/wattle.tsv
    one() { M -t 120 -- "$build/tests/bench/bench_local" 2 "$@" 2>>"$out/wattle.log"; }
    case $1 in
    pool) one pool int "$(sz 100000)" ;;
    timers) one timers int "$(sz 1000000)" ;;
    call_load) one call_load int "$(sz 5000)" 1 && one call_load int "$(sz 5000)" 80 ;;
    neighbour) one neighbour int "$(sz 5000)" ;;
    esac
)

theirs() { # PEER
    (cd "$build/peers" && "./run_$1.sh" local 2>>"$out/$1.log") ||
        echo "run.sh: $1 failed, see $out/$1.log" >&2
}

# Ours and theirs between two nodes.
mesh() ( # BENCH
    set +eu
    . "$build/peers/common/env.sh"
    . "$root/tests/bench/mesh/suite.sh"
    mesh_suite "$1"
)

for bench in $benches; do
    if is_mesh "$bench"; then
        mesh "$bench" | tee -a "$out/medians.tsv"
        continue
    fi
    if is_own "$bench"; then
        own "$bench" | tee -a "$out/medians.tsv"
        continue
    fi
    ONLY="^$bench\$"
    echo "== $bench" >&2
    ours | tee -a "$out/medians.tsv"
    for peer in $with; do
        [ "$peer" = nats ] && continue # it has no actors
        theirs "$peer" | tee -a "$out/medians.tsv"
    done
done
rm -f "$out/medians.tsv"
python3 "$root/tests/bench/report.py" "$out" "$given" ${docs:+"$docs"} | tee "$out/ratios.md"
