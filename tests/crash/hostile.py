"""Names that a person would never give, and a hostile file, page or repository would."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# What a launcher has in its folders: to be named so must not be to be taken for it.
OUR_NAMES: Final = (
    ".store", ".trash", ".mirrors", ".cache", ".lock", ".comfyui-launcher.json", "install.json",
    "settings.json", "settings.json.previous", "active_version.json", "run", "launch.json", "views",
    "links", "operations", "journal", "launcher-data", "comfyui-versions", "shared-resources",
    "models", "source", "venv", "x.doomed", ".0123456789abcdef.tmp",
)  # fmt: skip
RESERVED: Final = ("CON", "nul", "nul.txt", "COM1", "lpt9.safetensors", "aux", "PRN", "com¹")
ODD: Final = (
    "", " ", ".", "..", "...", "-", "--", "~", "*", "?", "[a-z]*", "{a,b}", "%00", "%2e%2e%2f",
    "%s%n%x", "{0.__class__}", "${HOME}", "$(touch hostile)", "`touch hostile`", ";touch hostile",
    "|tee hostile", "&", "#", "@", "HEAD", "@{-1}", "refs/heads/master", "-rf", "--help",
    "--upload-pack=touch hostile", "-c", "ext::sh -c touch% hostile", "file:///etc/passwd",
    "C:\\Windows", "\\\\server\\share", "..\\..\\x", "a:b", "a\\b", "null", "true", "0", "1e9",
    "\\udce9", "\\\\", "a//b", "/", "//", "///etc", ".git", ".git/config",
)  # fmt: skip
CONTROL: Final = ("\0", "\n", "\r\n", "\t", "\x1b[2J", "\x7f", "\x85", "\u2028", "\b", "\x01")
UNICODE: Final = (
    "\u202e", "\u2066", "\u200b", "\ufeff", "\u0301", "\uff0e\uff0e\uff0f", "\u2025/", "\uff3c",
    "\u2024\u2024", "\u2215", "\u2044", "v\u0660.3", "\u0430ctive", "\U0001f480", "\udce9",
    "\ud800", "\uffff", "ﬁ", "İ", "ß", "ǆ",
)  # fmt: skip
LONG: Final = (99, 100, 101, 200, 201, 255, 256, 1_000, 4_095, 4_097, 40_000)


def hostile_names(seed: int, count: int, target: Path) -> Iterator[str]:
    """That many names, no two alike. Those that lead somewhere lead to `target`, from anywhere."""
    choose = random.Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        name = _name(choose, target)
        if name not in seen:
            seen.add(name)
            yield name


def _name(choose: random.Random, target: Path) -> str:
    kind = choose.randrange(8)
    pieces = [*OUR_NAMES, *RESERVED, *ODD, *CONTROL, *UNICODE, "v0.3.64", "models", "a"]
    if kind == 0:
        return _way_out(choose, target)
    if kind == 1:
        return choose.choice(pieces) * choose.choice((1, 1, 2)) + choose.choice(
            (".", " ", "..", "")
        )
    if kind == 2:
        letter = choose.choice(("a", "é", "名", ".", "/", "../", "-", "\u202e"))
        return letter * (choose.choice(LONG) // choose.choice((1, len(letter.encode()))))
    if kind == 3:  # a good name with something odd in it
        good = choose.choice(("v0.3.64", "v0.3.63-1a2b3c4d", "20261120-120000-abcdef", "loras"))
        at = choose.randrange(len(good) + 1)
        return good[:at] + choose.choice((*CONTROL, *UNICODE, *ODD)) + good[at:]
    if kind == 4:
        return "".join(chr(choose.randrange(1, 0x2FFF)) for _ in range(choose.randrange(1, 30)))
    separator = choose.choice(("/", "\\", "", "-", "\0", "/../", "//"))
    return separator.join(choose.choice(pieces) for _ in range(choose.randrange(2, 5)))


def _way_out(choose: random.Random, target: Path) -> str:
    """A name that would end at `target`, or beside it, if someone joined it to a path."""
    leaf = choose.choice(("", "/hostile", "/model.safetensors", "/hostile.json", "/."))
    end = f"{target}{leaf}"
    up = choose.choice(("../", "..//", "./../", "x/../../", "..\\", "%2e%2e/", "....//"))
    return choose.choice(
        (
            end,
            f"/{end}",
            f"file://{end}",
            f"~/{leaf}",
            "~root/x",
            up * choose.randrange(1, 12) + target.name + leaf,
            up * choose.randrange(8, 20) + end.lstrip("/"),
            f"{choose.choice(OUR_NAMES)}/{up * choose.randrange(2, 9)}{target.name}{leaf}",
        )
    ) + choose.choice(("", "", "", "\0", ".json", "/", f"{choose.randrange(1000)}"))
