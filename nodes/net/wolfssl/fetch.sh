#!/bin/sh
# fetch.sh DIR - put the distribution's own, patched wolfSSL source into DIR/src.
#
# apt-get fetches it and checks its signatures. Everything that apt writes goes to a private folder
# below DIR; the system's source lists, package lists and caches are read at most, never changed.
# Works as any user. DIR/src appears whole or not at all, so that several builds may share DIR.
set -eu

dir=${1:?usage: fetch.sh DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
[ -e "$dir/src/wolfssl/version.h" ] && exit 0

for tool in apt-get dpkg-source; do
    command -v $tool >/dev/null && continue
    echo "fetch.sh: $tool is missing (apt-get install dpkg-dev)"
    exit 1
done

work=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/parts" "$work/lists/partial" "$work/cache/archives/partial"

# The same sources as the system's, asked for source packages instead of binary ones.
for file in /etc/apt/sources.list.d/*.sources; do
    [ -r "$file" ] && sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/parts/$(basename "$file")"
done
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$file" ] && sed -n 's/^[[:space:]]*deb\([[:space:]]\)/deb-src\1/p' "$file" \
        >"$work/parts/wtl-$(basename "$file" .list).list"
done

# Hooks that the system runs after an update could touch its own caches.
cat >"$work/apt.conf" <<END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/parts";
Dir::State::Lists "$work/lists";
Dir::Cache "$work/cache";
Acquire::Retries "1";
Acquire::http::Timeout "10";
Acquire::https::Timeout "10";
END
# As root, apt would fetch as the user _apt, who cannot write here.
[ "$(id -u)" = 0 ] && echo 'APT::Sandbox::User "root";' >>"$work/apt.conf"

# One source that cannot be reached is no reason to give up: what counts is the package.
apt-get -q -c "$work/apt.conf" update || true
cd "$work"
apt-get -q -c "$work/apt.conf" source --download-only wolfssl
# apt has checked the files against the signed lists; dpkg-source applies the patches.
dpkg-source --no-check -x ./*.dsc unpacked >/dev/null
mkdir tree
sed -n '1s/.*(\(.*\)).*/\1/p' unpacked/debian/changelog >tree/REVISION
for part in COPYING LICENSING src wolfcrypt wolfssl; do
    mv "unpacked/$part" tree/
done
mv unpacked/debian/patches tree/patches
rm -rf tree/wolfcrypt/test tree/wolfcrypt/benchmark
# Somebody else may have been faster; then theirs is as good.
mv -T tree "$dir/src" 2>/dev/null || [ -e "$dir/src/wolfssl/version.h" ]
