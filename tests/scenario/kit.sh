# kit.sh - what the scenarios of the command share: a folder of its own, node processes, and steps
# that print TAP. Sourced, with WATTLE as the first argument of the script.
#
# A step waits on a condition, which it looks at 200 times at most, and never for a time. Nothing is
# left behind: no process, no file.
# shellcheck shell=sh
set -u
wattle=$1
work=$(mktemp -d)
steps=0
failed=0
pids=

finish() {
    for pid in $pids; do
        kill -9 "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
cd "$work" || exit 1
mkdir -m 0700 run
XDG_RUNTIME_DIR=$work/run
export XDG_RUNTIME_DIR
unset WTL_CONTROL NO_COLOR
echo "TAP version 13"

result() { # result STATUS TITLE
    steps=$((steps + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        failed=1
    fi
}

show_output() { # for the one who reads a failure
    sed 's/^/    # /' out err
}

expect() { # expect CODE TITLE COMMAND...: it ends with that code; its output is in `out` and `err`
    code=$1
    title=$2
    shift 2
    "$@" >out 2>err </dev/null
    got=$?
    [ "$got" -eq "$code" ]
    result $? "$title (exit code $code)"
    [ "$got" -eq "$code" ] || { echo "    # ended with $got"; show_output; }
}

has() { # has PART TITLE: the last output has it
    grep -q -e "$1" out err
    has_it=$?
    result $has_it "$2"
    [ $has_it -eq 0 ] || { echo "    # there is no $1 in:"; show_output; }
}

has_not() { # has_not PART TITLE
    ! grep -q -e "$1" out err
    has_it=$?
    result $has_it "$2"
    [ $has_it -eq 0 ] || { echo "    # $1 is in:"; show_output; }
}

# refused CODE ERROR TITLE COMMAND...: it ends with that code and says one error, with its number,
# and what helps; nothing goes to standard output.
refused() {
    code=$1
    error=$2
    title=$3
    shift 3
    timeout 20 "$@" >out 2>err </dev/null
    got=$?
    [ "$got" -eq "$code" ] && [ ! -s out ] && grep -q "^error\[$error\]: " err &&
        grep -q "= \(help\|usage\): " err
    got_it=$?
    result $got_it "$title (exit code $code, $error)"
    [ $got_it -eq 0 ] || { echo "    # ended with $got"; show_output; }
}

await() { # await PART COMMAND...: until the output of the command has it
    part=$1
    shift
    tries=0
    until "$@" >out 2>err </dev/null && grep -q -e "$part" out; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || return 1
        sleep 0.1
    done
}

# json TITLE [PYTHON]: the last output is JSON, and that expression over it, `it`, is true.
json() {
    python3 -c 'import json, sys
it = json.load(sys.stdin)
assert eval("(" + sys.argv[1] + ")"), it' "${2:-True}" <out >json.err 2>&1
    is_json=$?
    result $is_json "$1"
    [ $is_json -eq 0 ] || { tail -n 1 json.err | sed 's/^/    # /'; show_output; }
}

ca() { # ca: a CA for the mesh `demo`, in the folder ca
    "$wattle" ca init ca --mesh demo -q
    result $? "a CA for the mesh"
}

identity() { # identity NAME LAYER: NAME.bundle
    "$wattle" id new "$1" --layer "$2" --ca ca -q
    result $? "an identity for $1, a node of layer $2"
}

start() { # start NAME OPTION...: a node process; its pid is in `pid`, its log in NAME.err
    name=$1
    shift
    rm -f "$name.out" # what an earlier one has said there is no sign of this one
    "$wattle" node start --id "$name.bundle" --control "$work/$name.sock" "$@" \
        >"$name.out" 2>"$name.err" </dev/null &
    pid=$!
    pids="$pids $pid"
    await "is up" cat "$name.out"
    is_up=$?
    result $is_up "node $name is up"
    [ $is_up -eq 0 ] || sed 's/^/    # /' "$name.out" "$name.err"
}

address_of() { # address_of NAME: where it listens
    sed -n 's/.*listening at \([^,]*\),.*/\1/p' "$1.out"
}

stop() { # stop NAME PID: SIGTERM ends it in order
    kill -TERM "$2"
    wait "$2"
    result $? "SIGTERM ends node $1 in order"
    [ ! -e "$work/$1.sock" ]
    result $? "and its control socket is gone"
}

end() {
    echo "1..$steps"
    exit $failed
}
