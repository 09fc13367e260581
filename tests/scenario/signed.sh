#!/bin/sh
# signed.sh - modules that are signed, and a node that runs these alone: another key, changed bytes,
# an older release, and going back on purpose. usage: signed.sh WATTLE MODULE. Prints TAP.
# shellcheck source=tests/scenario/kit.sh
. "$(dirname "$0")/kit.sh"
module=$2

ca
identity edge-1 edge
expect 0 "a key to sign with" "$wattle" module keygen team
expect 0 "and somebody else's" "$wattle" module keygen other -q
for number in 1 2 3; do
    expect 0 "release $number" "$wattle" module sign "$module" --key team.key --number $number \
        --out machine-$number.so
done
expect 0 "which can be verified" "$wattle" module verify machine-3.so --key team.pub

# refuses TITLE OPTION...: edge-1 does not start; its log has a line for those who watch over it.
refuses() {
    title=$1
    shift
    refused 65 E0503 "$title" "$wattle" node start --id edge-1.bundle \
        --control "$work/edge-1.sock" --state state --module-key team.pub "$@"
}

start edge-1 --listen 127.0.0.1:0 --state state --module-key team.pub --module machine-2.so
edge=$pid
expect 0 "X082: a node runs what was signed" grep "module_loaded module=machine .*release=2" \
    edge-1.err
expect 0 "and remembers it" grep "^machine 2 " state/modules
printf 'flow x {\n  push machine.readings @edge <~> machine.store @edge\n}\n' >x.flow
expect 0 "its actors are known" "$wattle" flow check x.flow
# what was loaded does not hang on the file any more
cp machine-2.so kept.so
printf 'junk' >machine-2.so
expect 0 "X084: a file that is written to does no harm" "$wattle" actor ls \
    --control "$work/edge-1.sock"
mv kept.so machine-2.so
stop edge-1 "$edge"

refuses "X082: an older release" --module machine-1.so
has "release 1, and this node has run release 2: expected that one or a newer one" "both numbers"
has "once with --allow-rollback machine" "and the way to go back"
has "module_refused .*reason=rolled_back module=machine release=1 key=[0-9a-f]*" "it is audited"
refuses "U05: rights for another module are not for this one" --module machine-1.so \
    --allow-rollback other

start edge-1 --listen 127.0.0.1:0 --state state --module-key team.pub --module machine-1.so \
    --allow-rollback machine
expect 0 "X082: back on purpose" grep "module_rolled_back module=machine .*release=1" edge-1.err
stop edge-1 "$pid"
start edge-1 --listen 127.0.0.1:0 --state state --module-key team.pub --module machine-1.so
stop edge-1 "$pid"
start edge-1 --listen 127.0.0.1:0 --state state --module-key team.pub --module machine-3.so
stop edge-1 "$pid"
refuses "and forward again, which counts" --module machine-1.so

"$wattle" module sign "$module" --key other.key --number 9 --out stranger.so -q
refuses "X082: somebody else's signature" --module stranger.so
has "was signed with the key [0-9a-f]*, expected [0-9a-f]*;" "which keys"
has "module_refused .*reason=unknown_key" "it is audited"
start edge-1 --listen 127.0.0.1:0 --module-key team.pub --module-key other.pub \
    --module stranger.so
expect 0 "a node may trust several" grep "module_loaded module=machine .*release=9" edge-1.err
expect 0 "and says that it forgets without a state folder" grep "module_releases_forgotten" \
    edge-1.err
stop edge-1 "$pid"

size=$(wc -c <machine-3.so)
for at in 0 64 5000 $((size / 2)) $((size - 600)) $((size - 100)) $((size - 40)) $((size - 1)); do
    cp machine-3.so bent.so
    printf '\377\001' | dd of=bent.so bs=1 seek=$at conv=notrunc 2>/dev/null
    [ "$at" -lt $((size - 1)) ] || truncate -s "$size" bent.so
    refuses "X083: changed at byte $at" --module bent.so
done
for cut in 1 63 5000 $((size / 2)) $((size - 1)); do
    head -c $cut machine-3.so >cut.so
    refuses "X083: cut at byte $cut" --module cut.so
done
cp machine-3.so longer.so
echo >>longer.so
refuses "X083: one byte more" --module longer.so

echo junk >state/modules
refused 65 E0503 "a memory that cannot be read" "$wattle" node start --id edge-1.bundle \
    --control "$work/edge-1.sock" --state state --module-key team.pub --module machine-3.so
has "state/modules: line 1: expected .*; if it has a good reason\|delete the file" "what to do"
end
