#!/bin/bash
# The local benches beside the peers', bench by bench in turn, and a table of ratios.
set -eu
usage() {
    cat <<'USAGE'
usage: tests/bench/run.sh [OPTION]... PEERS [BENCH]...
  PEERS   the folder of the peers' benches (or set WTL_PEERS and leave it out); it is copied
  BENCH   pingpong counting ring fj_create fj_throughput fan_in big call idle; default: all
  -b DIR  build folder; default build/bench. Configured for speed when it is new
  -o DIR  where results go; default DIR/results of the build folder
  -n N    runs per bench and peer, each a fresh process (5)
  -s N    percent of the sizes (100; 5 makes a smoke run)
  -q N    seconds to wait for a quiet machine before each run (240)
  -x LIST peers to run, "erlang go caf" unless said otherwise; "" runs ours alone
Writes medians.tsv (bench, peer, metric, median, unit), ratios.tsv and ratios.md.
USAGE
}
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/bench out='' runs=5 scale=100 quiet=240 with="erlang go caf"
while getopts b:o:n:s:q:x:h option; do
    case $option in
    b) build=$OPTARG ;; o) out=$OPTARG ;; n) runs=$OPTARG ;; s) scale=$OPTARG ;;
    q) quiet=$OPTARG ;; x) with=$OPTARG ;; h) usage && exit 0 ;; *) usage >&2 && exit 2 ;;
    esac
done
shift $((OPTIND - 1))
peers=${WTL_PEERS:-}
if [ -d "${1:-}" ]; then peers=$1 && shift; fi
if [ ! -f "$peers/common/measure.py" ]; then
    echo "run.sh: expected the peers' folder (with common/measure.py), got \"$peers\"" >&2
    usage >&2 && exit 2
fi
all="pingpong counting ring fj_create fj_throughput fan_in big call idle"
benches=${*:-$all}
for bench in $benches; do
    case " $all " in *" $bench "*) ;; *) echo "run.sh: no such bench: $bench" >&2 && exit 2 ;; esac
done

if [ ! -f "$build/CMakeCache.txt" ]; then
    cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DWTL_BUILD_NODES=OFF >/dev/null
fi
cmake --build "$build" --target bench_local >/dev/null
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

theirs() { # PEER
    (cd "$build/peers" && "./run_$1.sh" local 2>>"$out/$1.log") ||
        echo "run.sh: $1 failed, see $out/$1.log" >&2
}

for bench in $benches; do
    ONLY="^$bench\$"
    echo "== $bench" >&2
    ours | tee -a "$out/medians.tsv"
    for peer in $with; do
        theirs "$peer" | tee -a "$out/medians.tsv"
    done
done
python3 "$root/tests/bench/ratios.py" "$out/medians.tsv" "$out/ratios.tsv" >"$out/ratios.md"
cat "$out/ratios.md"
