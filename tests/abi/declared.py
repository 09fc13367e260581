"""declared.py - what public headers declare: structs, enums, and types of functions, as text.

No C parser: it reads what the preprocessor leaves of headers in the house's style, one declarator a
field. Used by abi.py.
"""
import re
import subprocess

WORD = re.compile(r"\w+|\.\.\.|\S")
TAGGED = {"struct", "enum", "union"}
NO_NAME = {"int", "char", "short", "long", "double", "float", "void", "unsigned", "signed"}


def preprocess(cc, include, headers, macros=False):
    """The text of our own headers alone, or every macro, as `NAME -> replacement`."""
    source = "".join(f"#include <wattle/{header}>\n" for header in headers)
    command = [cc, "-std=gnu17", "-I", include, "-E"] + (["-dM"] if macros else []) + ["-xc", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"abi: the headers cannot be read:\n{done.stderr}")
    if macros:
        return dict(re.findall(r"^#define (WTL_[A-Z0-9_]+) (.+)$", done.stdout, re.M))
    ours, kept = False, []
    for line in done.stdout.split("\n"):
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = "/wattle/" in marker.group(1)
        elif ours:
            kept.append(line)
    return re.sub(r"\s+", " ", " ".join(kept))


def split(text, separator):
    """At the separators that stand outside of all brackets."""
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == separator and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
    parts.append(text[begin:])
    return [part.strip() for part in parts if part.strip()]


def spell(words):
    """One spelling of a type, whatever blanks the header has."""
    text = re.sub(r"\s*([(),\[\]])\s*", r"\1", " ".join(words))
    return re.sub(r"\*\s+(?=[*)(])", "*", text).replace(",", ", ")


def declarator(text):
    """(name, type) of a field, a parameter or a typedef; the name is None where there is none."""
    text = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", text).strip()
    function = re.match(r"(.*?)\(\s*\*\s*(\w*)\s*\)\s*\((.*)\)$", text)
    if function:
        result, name, parameters = function.groups()
        types = ", ".join(declarator(parameter)[1] for parameter in split(parameters, ","))
        return name or None, f"{spell(WORD.findall(result))} (*)({types})"
    words = WORD.findall(text)
    array = []
    while words and words[-1] == "]":
        begin = len(words) - 1 - words[::-1].index("[")
        array = words[begin:] + array
        words = words[:begin]
    named = (
        len(words) > 1
        and re.match(r"[A-Za-z_]", words[-1])
        and words[-1] not in NO_NAME
        and words[-2] not in TAGGED
        and words[:-1] != ["const"]
    )
    name = words.pop() if named else None
    return name, spell(words + array)


def body_at(text, begin):
    """What stands between the braces, the first of which is at `begin`."""
    depth = 0
    for at in range(begin, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[begin + 1 : at]
    raise SystemExit("abi: a brace is not closed")


def declarations(text):
    """{"struct x": [(name, type)], "enum x": [name], "x": type of a typedef}, in their order."""
    found = {}
    for match in re.finditer(r"\b(struct|enum) (\w+) \{", text):
        items = split(body_at(text, match.end() - 1), ";" if match.group(1) == "struct" else ",")
        if match.group(1) == "enum":
            found[f"enum {match.group(2)}"] = [item.split("=")[0].strip() for item in items]
        else:
            found[f"struct {match.group(2)}"] = [declarator(item) for item in items]
    for match in re.finditer(r"\btypedef ([^;{}]+);", text):
        name, type_text = declarator(match.group(1))
        found[name] = type_text
    return found
