#!/usr/bin/env bash
#
# run.sh - builds wattle and runs all of its tests; the last line says how many passed and failed.
#
# usage: tests/run.sh [--quick | --full] [--only LANE[,LANE...]] [--filter RE] [--no-install]
#   --quick       the style and gcc lanes only
#   --full        also installs the cross compilers, runs clang's analyzer, each fuzz target for
#                 60 s, and the tests with the label `full`
#   --only LANES  of: style gcc package asan tidy tsan cross fuzz (tidy uses what asan
#                 configured)
#   --filter RE   only the test programs whose name matches, in the gcc, asan and tsan lanes
#   --no-install  never call the package manager
#
# Environment: WTL_BUILD_DIR (default build/ in the tree), WTL_JOBS (default the number of CPUs),
# WTL_FUZZ_SECONDS (default 60). Logs go to $WTL_BUILD_DIR/log. A failed test, a compiler warning, a
# sanitizer report and a leak each count as failed.
#
# Exit: 0 all passed; 1 something failed, or nothing ran; 64 wrong usage; 69 a package is missing.
set -u -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
support=$root/tests/support
cd "$root" || exit 1

known_lanes="style gcc package asan tidy tsan cross fuzz"
full=no quick=no only= filter= install=yes
usage()
{
    sed -n '3,/^set -u/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
    exit 64
}
wrong() # says what came, and what was expected
{
    echo "run.sh: $1" >&2
    exit 64
}
while [ $# -gt 0 ]; do
    case $1 in
    --full) full=yes ;;
    --quick) quick=yes ;;
    --no-install) install=no ;;
    --only)
        [ -n "${2:-}" ] || wrong "--only wants lanes, separated by commas, of: $known_lanes"
        only=$2 && shift
        ;;
    --filter)
        [ -n "${2:-}" ] || wrong "--filter wants a regular expression"
        filter=$2 && shift
        ;;
    -h | --help) usage ;;
    *) wrong "there is no option '$1'; see tests/run.sh --help" ;;
    esac
    shift
done
[ "$full$quick" != yesyes ] || usage
for lane in ${only//,/ }; do
    case " $known_lanes " in
    *" $lane "*) ;;
    *) wrong "there is no lane '$lane'; the lanes are: $known_lanes" ;;
    esac
done

build=${WTL_BUILD_DIR:-$root/build}
jobs=${WTL_JOBS:-$(nproc)}
logs=$build/log
if ! mkdir -p "$logs" 2>/dev/null || [ ! -w "$logs" ]; then
    echo "run.sh: $build cannot be written by this user; set WTL_BUILD_DIR to a folder that can" >&2
    echo "0 passed, 1 failed"
    exit 1
fi
build=$(cd "$build" && pwd) logs=$build/log
export WTL_CACHE=${WTL_CACHE:-$build/cache}
# A user without a home of their own has no place for ccache's default either.
if [ -z "${CCACHE_DIR:-}" ] && ! mkdir -p "${HOME:-/nonexistent}/.cache/ccache" 2>/dev/null; then
    export CCACHE_DIR=$WTL_CACHE/ccache
fi
# Short, because unix sockets are made in it, and of its own, so that nothing is left behind.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/wtl-XXXXXX") || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM

all_passed=0 all_failed=0 passed=0 failed=0 lane= started=$SECONDS

pass()
{
    passed=$((passed + $1))
}

# One failure, kept for the summary of the lane.
fail()
{
    failed=$((failed + 1))
    printf '%s\n' "$*" | tee -a "$logs/$lane.failures"
}

# Takes what results.py and its like print: "PASSED FAILED", then one line for each failure.
take_counts()
{
    local more wrong
    read -r more wrong || { fail "no results"; return; }
    passed=$((passed + more)) failed=$((failed + wrong))
    tee -a "$logs/$lane.failures"
}

# TAP on standard input: each line counts, those after a failure that start with # explain it.
take_tap()
{
    local line seen=no
    while IFS= read -r line; do
        printf '%s\n' "$line"
        case $line in
        "ok "*"# SKIP"*) seen=yes ;;
        "ok "*) pass 1 && seen=yes ;;
        "not ok "*) fail "${line#not ok - }" && seen=yes ;;
        "# "*) printf '    %s\n' "$line" >>"$logs/$lane.failures" ;;
        esac
    done
    [ $seen = yes ] || fail "$1 printed no result"
}

# run_lane NAME TEXT COMMAND...: says what runs, runs it into a log of its own, says how it went.
run_lane()
{
    local text=$2 at=$SECONDS
    lane=$1
    shift 2
    if [ -n "$only" ] && [[ ",$only," != *",$lane,"* ]]; then
        return
    fi
    passed=0 failed=0
    : >"$logs/$lane.failures"
    printf '[%s] %s\n' "$lane" "$text"
    "$@" >"$logs/$lane.log" 2>&1 </dev/null
    if [ $failed -gt 0 ]; then
        head -n 40 "$logs/$lane.failures" | sed "s/^/[$lane]   /"
        printf '[%s] see %s\n' "$lane" "$logs/$lane.log"
    fi
    printf '[%s] %d passed, %d failed, %d s\n' "$lane" $passed $failed $((SECONDS - at))
    all_passed=$((all_passed + passed)) all_failed=$((all_failed + failed))
}

# configure FOLDER ARGUMENTS...: false, and one failure, when CMake refuses.
configure()
{
    local folder=$build/$1 launcher=()
    shift
    command -v ccache >/dev/null 2>&1 && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
    cmake -S "$root" -B "$folder" -G Ninja -DWTL_WERROR=ON ${launcher[@]+"${launcher[@]}"} "$@" ||
        { fail "CMake refuses to configure $folder"; return 1; }
}

# build FOLDER [TARGETS...]: goes on after an error, so that what can be tested is tested.
build()
{
    local folder=$build/$1 log=$logs/$lane.build rc
    shift
    ninja -C "$folder" -k 0 -j "$jobs" "$@" 2>&1 | tee "$log"
    rc=${PIPESTATUS[0]}
    if [ "$rc" -ne 0 ]; then
        fail "the build failed:"
        grep -E '^FAILED: |error: ' "$log" | awk '!seen[$0]++ && ++n <= 12 {print "    " $0}' \
            >>"$logs/$lane.failures"
    elif grep -q 'warning: ' "$log"; then
        fail "the build warns: $(grep -m1 'warning: ' "$log")"
    else
        pass 1
    fi
    return "$rc"
}

# run_ctest FOLDER ARGUMENTS...: every test counts on its own; reports go to files, because a test
# that starts a node may never look at what that node prints.
run_ctest()
{
    local folder=$build/$1 prefix=$logs/$lane.report excluded='^(bench|full)$'
    shift
    [ $full = yes ] && excluded='^bench$'
    rm -f "$prefix"* "$logs/$lane.xml"
    local common="log_path=$prefix:log_exe_name=1"
    ASAN_OPTIONS=$common:detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1 \
        UBSAN_OPTIONS=$common:print_stacktrace=1 \
        TSAN_OPTIONS=$common:suppressions=$support/tsan.supp:second_deadlock_stack=1:exitcode=66 \
        "${fixed_addresses[@]}" ctest --test-dir "$folder" -j "$jobs" --no-tests=ignore \
        -LE "$excluded" ${filter:+-R "$filter"} --output-on-failure \
        --output-junit "$logs/$lane.xml" --test-output-size-passed 4000000 \
        --test-output-size-failed 4000000 "$@"
    take_counts < <("$support/results.py" "$logs/$lane.xml" "$prefix")
    cat "$prefix"* 2>/dev/null
}

# The sanitizers of older compilers cannot place their shadow under much address randomisation.
fixed_addresses=(env)
setarch "$(uname -m)" -R true 2>/dev/null && fixed_addresses=(setarch "$(uname -m)" -R)

lane_style()
{
    take_tap tidy.py < <("$support/tidy.py" --jobs "$jobs")
    take_tap lint.py < <("$support/lint.py" format)
}

lane_tidy()
{
    local analyze=()
    [ $full = yes ] && analyze=(--analyze)
    take_tap lint.py < <("$support/lint.py" tidy --jobs "$jobs" ${analyze[@]+"${analyze[@]}"} \
        "$build/asan")
}

lane_gcc()
{
    configure gcc -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=RelWithDebInfo || return
    build gcc
    run_ctest gcc
}

# Built as README.md says: other optimisation, other warnings.
lane_package()
{
    configure release -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release \
        -DWTL_BUILD_TESTS=OFF || return
    build release
    take_tap package.sh < <("$support/consumer/package.sh" "$build/release" "$build/package")
    take_tap new.sh < <("$support/consumer/new.sh" "$build/package/moved/bin/wattle")
    take_tap station.sh < <("$support/consumer/station.sh" "$build/package/moved/bin/wattle")
}

lane_asan()
{
    configure asan -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DWTL_SANITIZE=address,undefined || return
    build asan
    run_ctest asan
}

# Criterion does not run under this sanitizer; the programs with the label `race` are plain ones.
lane_tsan()
{
    local targets
    configure tsan -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DWTL_SANITIZE=thread || return
    mapfile -t targets < <("$support/programs.py" label "$build/tsan" race)
    if [ ${#targets[@]} -eq 0 ]; then
        echo "no program has the label race yet"
        return
    fi
    build tsan "${targets[@]}"
    run_ctest tsan -L '^race$'
}

# What small devices run, for two processors that this machine is not: compiled, not run.
lane_cross()
{
    local arch folder targets
    for arch in arm64:aarch64-linux-gnu-gcc armv7:arm-linux-gnueabihf-gcc; do
        if ! command -v "${arch#*:}" >/dev/null 2>&1; then
            echo "${arch#*:} is not installed: ${arch%%:*} is left out"
            continue
        fi
        arch=${arch%%:*} targets=()
        configure "$arch" -DCMAKE_TOOLCHAIN_FILE="$support/$arch.cmake" -DWTL_BUILD_TESTS=OFF \
            -DWTL_WOLFSSL=packaged -DCMAKE_BUILD_TYPE=RelWithDebInfo || continue
        for folder in runtime actors/flow nodes/wire nodes/mesh; do
            [ -e "$root/$folder/CMakeLists.txt" ] && targets+=("$folder/all")
        done
        build "$arch" "${targets[@]}"
    done
}

lane_fuzz()
{
    local name corpus program found=$build/fuzz/found seconds=${WTL_FUZZ_SECONDS:-60}
    configure fuzz -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DWTL_SANITIZE=address,undefined -DWTL_BUILD_FUZZERS=ON \
        -DCMAKE_C_FLAGS=-fsanitize=fuzzer-no-link || return
    mkdir -p "$found"
    while IFS=$'\t' read -r name corpus; do
        build fuzz "$name" || continue
        mkdir -p "$build/fuzz/work-$name"
        program=$(find "$build/fuzz/tests" -type f -name "$name" -perm -u+x)
        if ! "${fixed_addresses[@]}" "$program" \
            -max_total_time="$seconds" -timeout=5 -rss_limit_mb=512 -malloc_limit_mb=64 \
            -print_final_stats=1 -artifact_prefix="$found/$name-" \
            "$build/fuzz/work-$name" "$corpus" >"$logs/fuzz-$name.log" 2>&1; then
            fail "fuzz target $name: $(grep -m1 -E 'ERROR|SUMMARY' "$logs/fuzz-$name.log")" \
                "(inputs in $found, log in $logs/fuzz-$name.log)"
        else
            pass 1
        fi
    done < <("$support/programs.py" fuzz)
}

if [ $install = yes ]; then
    set_of=test
    [ $full = yes ] && set_of=full
    "$support/packages.sh" $set_of
    rc=$?
    if [ $rc -ne 0 ]; then
        echo "0 passed, 1 failed"
        exit $rc
    fi
fi

if [ -z "$filter" ]; then
    run_lane style "formatting and the rules of the house" lane_style
fi
run_lane gcc "gcc -Werror, every test" lane_gcc
if [ $quick = no ]; then
    [ -n "$filter" ] || run_lane package "install, then build a stranger's program" lane_package
    run_lane asan "clang -Werror with address, leak and undefined sanitizers, every test" lane_asan
    [ -n "$filter" ] || run_lane tidy "clang-tidy" lane_tidy
    run_lane tsan "clang with the thread sanitizer, the race programs" lane_tsan
    [ -n "$filter" ] || run_lane cross "compile for arm64 and armv7" lane_cross
fi
if [ $full = yes ] && [ -z "$filter" ]; then
    run_lane fuzz "each fuzz target for ${WTL_FUZZ_SECONDS:-60} s" lane_fuzz
fi

printf '%d s in all, logs in %s\n' $((SECONDS - started)) "$logs"
printf '%d passed, %d failed\n' $all_passed $all_failed
[ $all_failed -eq 0 ] && [ $all_passed -gt 0 ]
