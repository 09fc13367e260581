#!/bin/sh
# watchdog.sh - a node that is started again when it ends by itself, and one that is not.
# usage: watchdog.sh WATTLE MODULE. Prints TAP.
# shellcheck source=tests/scenario/kit.sh
. "$(dirname "$0")/kit.sh"
module=$2

ca
identity cloud-1 cloud
cat >court.flow <<END
flow court {
  source = regicide.source @cloud { file = "$work/order" }
  sink   = regicide.sink   @cloud

  push source ~> sink
}
END
identity edge-1 edge
cat >tower.flow <<END
flow tower {
  source = regicide.source @edge { file = "$work/block" }
  push source ~> regicide.sink
}
END
WTL_CONTROL=$work/cloud-1.sock
export WTL_CONTROL

node_of() { # node_of WATCHDOG: the process of its node
    pgrep -P "$1"
}
is_another() { # is_another WATCHDOG OLD: says "yes" when its node is a new one, and answers
    new=$(node_of "$1")
    [ -n "$new" ] && [ "$new" != "$2" ] && "$wattle" mesh nodes >/dev/null 2>&1 && echo yes
}
told() { # told N: the N-th line of the watchdog about an end
    grep node_ended cloud-1.err | sed -n "$1p"
}
pause_of() { # pause_of N: how long it waited after that
    told "$1" | sed 's/.*again_in_ms=\([0-9]*\).*/\1/'
}

# A node that is killed is to die of it, and what it had not freed then is no leak.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:handle_segv=0:detect_leaks=0"

# ---- a start that is refused is not tried again

refused 65 E0503 "X107: a module without --dev" "$wattle" node start --id cloud-1.bundle \
    --listen 127.0.0.1:0 --module "$module" --watchdog
has_not node_ended "it was tried once"
refused 64 E0102 "X107: an option that there is not" "$wattle" node start --id cloud-1.bundle \
    --watchdogs

# ---- whatever ends a node, another one is started

start cloud-1 --listen 127.0.0.1:0 --module "$module" --dev --flow court.flow --watchdog
watchdog=$pid
first=$(node_of "$watchdog")
kill -SEGV "$first"
await yes is_another "$watchdog" "$first"
result $? "X107: a node that crashed is back"
told 1 | grep -q 'how="signal SIGSEGV"'
result $? "X107: the watchdog says how it has ended"

second=$(node_of "$watchdog")
kill -KILL "$second"
await yes is_another "$watchdog" "$second"
result $? "X107: one that was killed is back"
told 2 | grep -q 'how="signal SIGKILL".*restarts=2'
result $? "X107: with how often that was"
[ "$(pause_of 1)" -ge 100 ] && [ "$(pause_of 1)" -le 200 ] && [ "$(pause_of 2)" -ge 200 ] &&
    [ "$(pause_of 2)" -le 400 ]
result $? "X107: after a pause that grows ($(pause_of 1), $(pause_of 2) ms)"

third=$(node_of "$watchdog")
: >order
await yes is_another "$watchdog" "$third"
result $? "X107: one that has lost what it cannot do without is back"
told 3 | grep -q 'how="exit code 78"'
result $? "X107: it had ended by itself, with an error"
grep -q "vital_actor_ended.*name=flow.host.*reason=killed" cloud-1.err
result $? "X107: which says what has ended, and why"
grep -q "^error\[E0501\].*could not go on: flow.host has ended, killed" cloud-1.err
result $? "X107: and so the node could not go on"

fourth=$(node_of "$watchdog")
: >order.exit
await yes is_another "$watchdog" "$fourth"
result $? "X090: one that a module has ended with code 0 is back"
told 4 | grep -q 'how="exit code 0"'
result $? "X090: which is told as any other end"

# ---- a stage that loops, which nobody watches, is ended by whoever sees it; no sanitizer lets it

source_now() {
    "$wattle" flow show court --json | python3 -c 'import json, sys
print(next(r["pid"] for r in json.load(sys.stdin) if r["stage"] == "source"))'
}
await '"stage":"source".*"state":"running"' "$wattle" flow show court --json
looping=$(source_now)
is_another_source() {
    now=$(source_now) && [ "$now" != "$looping" ] && echo yes
}
if ! nm "$wattle" | grep -q "__[at]san_init"; then
    : >order.loop
    await '"state":"busy"' "$wattle" actor ls --json
    result $? "X087: its handler does not return"
    expect 0 "X087: wattle actor kill ends it" "$wattle" actor kill "$looping"
    has "^killed $looping$" "and says so"
    grep -q "module_fault signal=hung .*type=source" cloud-1.err
    result $? "X087: the log says where it was"
    await yes is_another_source
    result $? "X087: its supervisor starts it again"
fi

# ---- a stop while a function does not return

start edge-1 --listen 127.0.0.1:0 --module "$module" --dev --flow tower.flow
tower=$pid
: >block.block
await '"state":"busy"' "$wattle" actor ls --json --control "$work/edge-1.sock"
result $? "U04: a function blocks"
kill -TERM "$tower"
await node_stopping cat edge-1.err
kill -TERM "$tower"
wait "$tower"
[ $? -eq 143 ]
result $? "U04: a second SIGTERM ends the node at once"
start edge-1 --listen 127.0.0.1:0 --module "$module" --dev --flow tower.flow --watchdog
tower=$pid
last=$(node_of "$tower")
: >block.block
await '"state":"busy"' "$wattle" actor ls --json --control "$work/edge-1.sock"
kill -TERM "$last"
await node_stopping cat edge-1.err
kill -TERM "$last"
wait "$tower"
result $(($? != 143)) "U04: and its watchdog with it"
if ! nm "$wattle" | grep -q "__[at]san_init"; then
    start edge-1 --listen 127.0.0.1:0 --module "$module" --dev --flow tower.flow
    tower=$pid
    : >block.loop
    await '"state":"busy"' "$wattle" actor ls --json --control "$work/edge-1.sock"
    kill -TERM "$tower"
    wait "$tower"
    [ $? -eq 75 ]
    result $? "U04: a node stops although an actor loops, and says that it was not in time"
    grep -q "node_stopped.*in_time=false" edge-1.err
    result $? "the log too"
fi

# ---- the end

last=$(node_of "$watchdog")
stop cloud-1 "$watchdog"
! kill -0 "$last" 2>/dev/null
result $? "the node is gone as well"
[ "$(grep -c node_ended cloud-1.err)" -eq 4 ]
result $? "an ordered stop is no end that is told"

start cloud-1 --listen 127.0.0.1:0 --watchdog
last=$(node_of "$pid")
kill -TERM "$last"
wait "$pid"
result $? "a node that is itself told to stop takes its watchdog with it"
! grep -q node_ended cloud-1.err
result $? "as no end that is told"

start cloud-1 --listen 127.0.0.1:0 --watchdog
last=$(node_of "$pid")
kill -KILL "$pid"
is_stopped() {
    kill -0 "$last" 2>/dev/null || echo yes
}
await yes is_stopped
result $? "a node whose watchdog was killed stops"
grep -q "node_stopped" cloud-1.err
result $? "in order"
end
