"""arrows.py - which part of the house may see which; used by tidy.py.

base <- table <- actor <- sched <- module <- testkit, wire <- mesh <- net <- node <- cli, certs <-
net node cli, and actors see <wattle/*.h> alone, but for the test kit's part for stages. CMake holds
most of it; what is here also holds for the system's headers, and for a header that no file includes
yet.
"""
import concurrent.futures
import os
import re
import subprocess
import tempfile

# A part always sees itself and <wattle/*.h>, and these.
ARROWS = {
    "runtime/include/wattle": "",
    "runtime/base": "",
    "runtime/table": "base",
    "runtime/states": "",
    "runtime/requests": "",
    "runtime/actor": "base table",
    "runtime/sched": "base actor",
    "runtime/module": "base actor sched",
    "runtime/process": "base actor sched module",
    "runtime/testkit": "base actor sched module",
    "actors/stagekit": "base actor sched testkit flow",
    "actors/sqlite": "",
    "actors": "sqlite",
    "nodes/wire": "base",
    "nodes/mesh": "base wire actor certs",
    "nodes/net": "base wire actor mesh certs",
    "nodes/node": "base actor sched module process wire mesh net certs flow",
    "nodes/cli": "base wire mesh net certs node flow",
    "certs": "base",
}
# A system header that only these parts may see.
KEPT_HEADERS = {
    r"uv\.h|uv/": "runtime/sched runtime/module nodes/net nodes/node nodes/cli",
    r"wolfssl/": "nodes/net certs",
    r"urcu[/.-]": "runtime/table",
    r"sqlite3\.h": "actors actors/sqlite",
    r"msgpack(\.h|/)": "runtime/base nodes/wire",
    r"seccomp\.h": "runtime/process",
    r"sys/socket\.h|netinet/": "runtime/process nodes/net nodes/node nodes/cli",
}
# The protocol core takes its time as an argument and touches no machine.
SANS_IO = ("nodes/wire", "nodes/mesh")
SANS_IO_BANNED = re.compile(r"(time|unistd|fcntl|poll|signal|stdatomic|uv|pthread|sys/\w+)\.h$")

COMPILE = "gcc -x c -std=gnu17 -fsyntax-only -D_GNU_SOURCE -DWTL_SANITIZED=0 -Wall -Wextra -Werror"


def part_of(path):
    """The part that a file belongs to; None for what may see everything."""
    return next((part for part in ARROWS if path.startswith(part + "/")), None)


def check_includes(files):
    """One line for each include that goes against an arrow."""
    for file in files:
        part = part_of(file.path)
        if part is None or not file.path.endswith((".c", ".h")):
            continue
        visible = set(ARROWS[part].split()) | set(file.path.split("/")[:-1])
        for number, quoted, target in file.includes():
            place = f"{file.path}:{number}"
            folder = target.split("/")[0] if "/" in target else None
            if quoted:
                if folder is not None and folder not in visible:
                    yield f'{place}: {part} may not see "{target}"'
                continue
            for header, parts in KEPT_HEADERS.items():
                if re.match(header, target) and part not in parts.split():
                    yield f"{place}: <{target}> is for {parts} alone"
            if part in SANS_IO and SANS_IO_BANNED.match(target):
                yield f"{place}: <{target}> in a part that takes time and I/O as arguments"


def home_of(root, name):
    """The folder of a part by its short name."""
    for parent in ("runtime", "nodes", "actors", ".", "tests"):
        folder = os.path.join(root, parent, name)
        if os.path.isdir(folder):
            return folder
    return None


def include_folder(root, part, scratch):
    """A folder of links to the parts that `part` may see, as CMake makes one for its targets."""
    place = os.path.join(scratch, (part or "all").replace("/", "-"))
    if os.path.isdir(place):
        return place
    os.makedirs(place)
    if part is None:
        names = {name for row in ARROWS.values() for name in row.split()} | {"support", "cli"}
    elif part == "actors":
        names = set(os.listdir(os.path.join(root, "actors")))
    else:
        names = set(ARROWS[part].split()) | {part.split("/")[-1]}
    for name in names - {"wattle"}:
        home = home_of(root, name)
        if home is not None:
            os.symlink(home, os.path.join(place, name))
    return place


def check_headers(root, files, jobs):
    """One line for each header that does not compile as the first, and only, thing of a file."""
    todo = [file for file in files if file.path.endswith(".h")]

    def compile_one(file):
        # Twice, so that a guard that does not guard is seen.
        text = f'#include "{file.full}"\n#include "{file.full}"\n'
        command = COMPILE.split() + ["-I", folders[file.path]]
        command += ["-I", os.path.join(root, "runtime", "include"), "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode == 0:
            return None
        errors = [line for line in done.stderr.splitlines() if "error:" in line]
        return f"{file.path}: {(errors or done.stderr.splitlines() or ['?'])[0][-200:]}"

    with tempfile.TemporaryDirectory() as scratch:
        folders = {file.path: include_folder(root, part_of(file.path), scratch) for file in todo}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            yield from filter(None, pool.map(compile_one, todo))
