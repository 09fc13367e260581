"""source.py - the files of the tree, and C text without its comments and strings.

Used by tidy.py and lint.py. It is no C parser: it relies on the formatting that lint.py holds.
"""
import os
import re
import subprocess

TOKEN = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S
)
INCLUDE = re.compile(r"^\s*#\s*include\s*([<\"])([^>\"]+)[>\"]", re.M)


def list_files(root):
    """Paths of all files that git knows or would add; without git, of all but build folders."""
    # The user who runs the tests need not own the tree.
    command = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"]
    try:
        done = subprocess.run(
            command + ["--cached", "--others", "--exclude-standard"],
            check=True,
            capture_output=True,
        )
        paths = done.stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        paths = []
        for folder, folders, names in os.walk(root):
            here = os.path.relpath(folder, root)
            folders[:] = [
                name
                for name in folders
                if name not in (".git", "__pycache__")
                and not (here == "." and name.startswith("build"))
            ]
            paths += [os.path.normpath(os.path.join(here, name)) for name in names]
    return sorted({path for path in paths if path and os.path.isfile(os.path.join(root, path))})


def blank(match):
    """What stands for a comment or a string: the same lines, and the quotes of a string."""
    text = match.group(0)
    if text[0] == "/":
        return re.sub(r"[^\n]", " ", text)
    return text[0] + " " * (len(text) - 2) + text[-1]


class Source:
    """One file: its bytes, its lines, and for C its code with comments and strings blanked."""

    def __init__(self, root, path):
        self.path = path
        self.full = os.path.join(root, path)
        with open(self.full, "rb") as file:
            self.data = file.read()
        self.text = self.data.decode("utf-8", errors="replace")
        self.lines = self.text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        self.code = TOKEN.sub(blank, self.text) if path.endswith((".c", ".h")) else self.text

    def line_of(self, offset):
        return self.code.count("\n", 0, offset) + 1

    def matches(self, pattern):
        """(line number, match) of each hit in the code, comments and strings left out."""
        for match in pattern.finditer(self.code):
            start = match.start() + len(match.group(0)) - len(match.group(0).lstrip())
            yield self.line_of(start), match

    def includes(self):
        """(line number, whether in quotes, what) of each #include."""
        for match in INCLUDE.finditer(self.text):
            number = self.text.count("\n", 0, match.start(1)) + 1
            yield number, match.group(1) == '"', match.group(2)

    def functions(self):
        """(name, first line, last line) of each function body, its braces included."""
        code = re.sub(r"^[ ]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                      self.code, flags=re.M)
        depth, start, body, name = 0, 0, None, ""
        for match in re.finditer(r"[{};]", code):
            char, at = match.group(0), match.start()
            if char == "{":
                if depth == 0:
                    head = code[start:at].strip()
                    bare = head
                    while True:
                        shorter = re.sub(r"\([^()]*\)", "", bare)
                        if shorter == bare:
                            break
                        bare = shorter
                    if head.endswith(")") and "=" not in bare:
                        found = re.search(r"(\w+)\s*\(([^()]*)", head)
                        name = found.group(0)[:60] + ")" if found else "?"
                        body = self.line_of(at)
                depth += 1
            elif char == "}":
                depth = max(0, depth - 1)
                if depth == 0:
                    if body is not None:
                        yield name, body, self.line_of(at)
                    body, start = None, at + 1
            elif depth == 0:
                start = at + 1
