#!/bin/sh
# A module is upgraded while a flow runs, and back: `wattle module upgrade` and `ls`.
# upgrade.sh WATTLE FOLDER-OF-MODULES
so=$2
# shellcheck source=kit.sh
. "$(dirname "$0")/kit.sh"

ca
identity edge-1 edge
cat >tide.flow <<'END'
flow tide {
  use tide >= 1.0
  push tide.source @edge ~> tide.sum @edge ~> tide.sink @edge
}
END
"$wattle" node start --id edge-1.bundle --dev --module "$so/tide_1.so" --flow tide.flow \
    >node.out 2>node.log </dev/null &
pid=$!
pids="$pids $pid"

said() { # said PATTERN: the newest lines of the sink in the node's log
    tail -n 40 node.log | grep -q -e "$1" && echo yes
}
await yes said 'tide [0-9]*: gaps 0, sum right, summed by 1, seen by 1'
result $? "the flow runs, by version 1"

expect 0 "module ls" "$wattle" module ls
has '^MODULE  *VERSION  *STATE  *ACTORS  *ABI  *BYTES  *LOADED$' "U03: with its columns"
has '^tide  *1\.0\.0  *runs  *3 ' "one version, and three actors that run it"

cp "$so/tide_1.so" tide.so
expect 0 "X096: module upgrade" "$wattle" module upgrade tide "$so/tide_2.so"
has '^tide 1\.0\.0 -> 2\.0\.0: 3 actors went over, in [0-9]* ms$' "and says what has become of whom"
await yes said 'gaps 0, sum right, summed by 2, seen by 2'
result $? "X096: the flow runs on, by version 2, and nothing was lost"
"$wattle" module ls --json >out 2>err
json "U03: module ls --json" \
    '[(r["version"], r["state"], r["actors"]) for r in it] ==
      [("2.0.0", "runs", 3), ("1.0.0", "kept", 0)]'

# ---- refused: all go on as they were

refused 1 E0508 "X096: a version that lacks an actor" \
    "$wattle" module upgrade tide "$so/tide_3_lacks.so"
has "no actor sink" "it is named"
refused 1 E0508 "X096: a version that refuses the state" \
    "$wattle" module upgrade tide "$so/tide_3_wants.so"
has "upgrade of 3.0.0 has returned bad_payload" "it says which function, of which version"
refused 1 E0508 "X096: the version that runs" "$wattle" module upgrade tide "$so/tide_2.so"
has "very bytes" "it is told"
refused 1 E0508 "a module that the node has not" "$wattle" module upgrade tade "$so/tide_2.so"
refused 1 E0508 "a file that is no module" "$wattle" module upgrade tide tide.flow
refused 78 E0403 "a file that is not there" "$wattle" module upgrade tide nothing.so
refused 64 E0103 "a word too few" "$wattle" module upgrade tide
grep -q 'gaps [1-9]\|sum wrong' node.log
[ $? -eq 1 ]
result $? "X096: nothing was lost in any of these"
await yes said 'gaps 0, sum right, summed by 2, seen by 2'
result $? "X096: version 2 goes on"
expect 0 "E0508 is explained" "$wattle" explain E0508

# ---- the way back, by a path that had other bytes before

cp "$so/tide_2.so" new.so && mv new.so tide.so
refused 1 E0508 "the path is no matter, the bytes are" "$wattle" module upgrade tide tide.so
cp "$so/tide_1.so" new.so && mv new.so tide.so
expect 0 "X096: the way back" "$wattle" module upgrade tide tide.so
has '^tide 2\.0\.0 -> 1\.0\.0: 3 actors' "to the version before"
await yes said 'gaps 0, sum right, summed by 1, seen by 1'
result $? "X096: the flow runs on, by version 1, and nothing was lost"

# ---- what is started afterwards is the version that runs

expect 0 "to version 2 once more" "$wattle" module upgrade tide "$so/tide_2.so"
victim=$("$wattle" flow show tide --json | python3 -c 'import json, sys
print(next(r["pid"] for r in json.load(sys.stdin) if r["stage"] == "sum"))')
expect 0 "the summing stage is killed" "$wattle" actor kill "$victim"
await yes said 'sum wrong, summed by 2, seen by 2'
result $? "L19: its supervisor starts it again as version 2, with a new state"
"$wattle" module ls --json >out 2>err
json "L19: nobody runs version 1, whose code is kept" \
    '[(r["version"], r["state"], r["actors"]) for r in it if r["actors"] or r["state"] != "kept"] ==
      [("2.0.0", "runs", 3)]'
json "the same bytes were loaded once" 'sum(r["version"] == "1.0.0" for r in it) == 1'

kill -TERM "$pid"
wait "$pid"
result $? "the node stops in order"
# ---- a node that runs signed releases alone: an upgrade is one, and is remembered

expect 0 "a key to sign with" "$wattle" module keygen team
for number in 1 2; do
    expect 0 "release $number" "$wattle" module sign "$so/tide_$number.so" --key team.key \
        --number $number --out signed-$number.so
done
"$wattle" node start --id edge-1.bundle --state state --module-key team.pub \
    --module signed-1.so --flow tide.flow >node.out 2>node.log </dev/null &
pid=$!
pids="$pids $pid"
await yes said 'gaps 0, sum right, summed by 1, seen by 1'
result $? "X082: the signed flow runs, by version 1"
refused 1 E0508 "X082: a version without a signature" \
    "$wattle" module upgrade tide "$so/tide_2.so"
has "is not trusted\|no signature\|not signed" "and why"
expect 0 "X096: a release that is signed" "$wattle" module upgrade tide signed-2.so
await yes said 'gaps 0, sum right, summed by 2, seen by 2'
result $? "it runs"
expect 0 "X082: and is remembered" grep "^tide 2 " state/modules
refused 1 E0508 "X082: the way back is refused without --allow-rollback" \
    "$wattle" module upgrade tide signed-1.so
kill -TERM "$pid"
wait "$pid"
result $? "the node stops in order"

end
