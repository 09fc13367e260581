#!/usr/bin/env bash
#
# packages.sh - the one list of what wattle needs from the distribution, and its installer.
#
# usage: packages.sh [--list] build|test|full
#   build   what a build and a running node need
#   test    that, and what tests/run.sh needs
#   full    that, and the optional cross compilers
#   --list  print the names of the packages of that set that are missing, install nothing
#
# As root, or with sudo that asks for no password, it installs what is missing. Otherwise it goes on
# when nothing is missing, and says what is missing when something is. A need is probed by what it
# provides (a command, a pkg-config module, a file), so that other distributions can provide it too.
#
# Exit: 0 everything is there, 64 wrong usage, 69 something is missing and could not be installed.
set -u

# set probe package[|other name of the package]
needs()
{
    cat <<'END'
build cmd:gcc                    gcc
build file:/usr/include/stdio.h  libc6-dev
build cmd:cmake                  cmake
build cmd:ninja                  ninja-build
build cmd:pkg-config             pkg-config|pkgconf
build cmd:python3                python3
build cmd:openssl                openssl
build cmd:dpkg-source            dpkg-dev
build pc:libuv                   libuv1-dev
build pc:liburcu-bp              liburcu-dev
build pc:msgpack,msgpack-c       libmsgpack-dev|libmsgpack-c-dev
build pc:libsodium               libsodium-dev
build pc:wolfssl                 libwolfssl-dev
build pc:sqlite3                 libsqlite3-dev
build pc:libseccomp              libseccomp-dev
build file:/etc/ssl/certs/ca-certificates.crt ca-certificates
test  cmd:git                    git
test  cmd:pgrep                  procps
test  cmd:ccache                 ccache
test  cmd:sqlite3                sqlite3
test  pc:criterion               libcriterion-dev
test  cmd:clang                  clang
test  cmd:clang-format           clang-format
test  cmd:clang-tidy             clang-tidy
test  cmd:llvm-symbolizer        llvm
test  clang-rt:asan              libclang-rt-dev|libclang-rt-@CLANG@-dev
full  cmd:aarch64-linux-gnu-gcc  gcc-aarch64-linux-gnu
full  file:/usr/aarch64-linux-gnu/include/stdio.h libc6-dev-arm64-cross
full  cmd:arm-linux-gnueabihf-gcc gcc-arm-linux-gnueabihf
full  file:/usr/arm-linux-gnueabihf/include/stdio.h libc6-dev-armhf-cross
END
}

say()
{
    printf 'packages: %s\n' "$*" >&2
}

clang_major()
{
    clang -dumpversion 2>/dev/null | cut -d. -f1
}

# Whether what a probe names is on this machine.
present()
{
    local kind=${1%%:*} what=${1#*:} name
    case $kind in
    cmd) command -v "$what" >/dev/null 2>&1 ;;
    file) [ -e "$what" ] ;;
    pc)
        for name in ${what//,/ }; do
            pkg-config --exists "$name" 2>/dev/null && return 0
        done
        return 1
        ;;
    clang-rt)
        name=$(clang -print-file-name="lib/linux/libclang_rt.$what-$(uname -m).a" 2>/dev/null)
        [ -e "$name" ] || [ -e "$(clang -print-runtime-dir 2>/dev/null)/libclang_rt.$what.a" ] ||
            [ -e "$(clang -print-runtime-dir 2>/dev/null)/libclang_rt.$what-$(uname -m).a" ]
        ;;
    esac
}

# Prints the packages of set $1 (build, test, full) whose probe fails.
missing_of()
{
    local set probe package
    while read -r set probe package; do
        if [ "$set" = "$1" ] && ! present "$probe"; then
            printf '%s\n' "${package//@CLANG@/$(clang_major)}"
        fi
    done < <(needs)
}

# The first name in a|b that this machine's package lists know, or a.
known_name()
{
    local name
    for name in ${1//|/ }; do
        if apt-cache show "$name" >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
    printf '%s\n' "${1%%|*}"
}

# Sets `root` to the words in front of a command that needs root; false when there is no way.
find_root()
{
    root=()
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" -eq 0 ] && return 0
    root=(sudo -n)
    command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null
}

lists_read=no
install_packages()
{
    local name names=() log rc
    if [ "$lists_read" = no ]; then
        say "reading the package lists (apt-get update)"
        # A foreign source that fails must not stop us: whether it matters shows at the install.
        "${root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update >&2 ||
            say "apt-get update reported errors; going on with the lists there are"
        lists_read=yes
    fi
    for name in "$@"; do
        names+=("$(known_name "$name")")
    done
    say "installing (apt-get install): ${names[*]}"
    log=$(mktemp) || return 1
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 \
        install "${names[@]}" >"$log" 2>&1 </dev/null
    rc=$?
    [ $rc -eq 0 ] || tail -n 15 "$log" >&2
    rm -f "$log"
    return $rc
}

explain_missing()
{
    say "missing: $*"
    say "this user may not install packages; run as root:"
    say "    apt-get update && apt-get install --no-install-recommends $*"
}

main()
{
    local list=no wanted=() missing=() optional=() set
    [ "${1:-}" = --list ] && list=yes && shift
    case ${1:-} in
    build) wanted=(build) ;;
    test | full) wanted=(build test) ;;
    *)
        say "usage: packages.sh [--list] build|test|full; got '${*:-nothing}'"
        return 64
        ;;
    esac
    for set in "${wanted[@]}"; do
        mapfile -t -O "${#missing[@]}" missing < <(missing_of "$set")
    done
    [ "$1" = full ] && mapfile -t optional < <(missing_of full)
    if [ "$list" = yes ]; then
        [ $((${#missing[@]} + ${#optional[@]})) -eq 0 ] ||
            printf '%s\n' "${missing[@]}" "${optional[@]}"
        return 0
    fi
    if [ ${#missing[@]} -gt 0 ]; then
        if ! find_root; then
            explain_missing "${missing[@]%%|*}"
            return 69
        fi
        install_packages "${missing[@]}" || say "the installation failed"
        missing=()
        for set in "${wanted[@]}"; do
            mapfile -t -O "${#missing[@]}" missing < <(missing_of "$set")
        done
        if [ ${#missing[@]} -gt 0 ]; then
            say "still missing after the installation: ${missing[*]}"
            return 69
        fi
    fi
    if [ ${#optional[@]} -gt 0 ]; then
        if find_root && install_packages "${optional[@]}"; then
            return 0
        fi
        say "optional, and not there: ${optional[*]} (the cross build is left out)"
    fi
    return 0
}

main "$@"
