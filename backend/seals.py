"""A checksum as the last field of a JSON object: whatever is damaged in it shows.

The format, for whoever writes it without this module: `text` is a JSON object with at least one
field, on one line or on several. Its body is all of it up to the last value, without what follows
(space, `}`, line break). The sealed file is the body and then, with xxxxxxxx = the CRC-32 (zlib) of
the body as eight small hex digits, one of these two, and not a byte behind it:

    ,"crc32":"xxxxxxxx"}⏎                                  (objects on one line)
    ,⏎  "crc32": "xxxxxxxx"⏎}⏎                             (indented by two)

In five lines:

    body = json.dumps(facts).encode().rstrip()[:-1].rstrip()
    sealed = body + b',"crc32":"%08x"}\\n' % zlib.crc32(body)
"""

from __future__ import annotations

import re
import zlib
from typing import Final

SEAL: Final = "crc32"

_ON_ONE_LINE: Final = b',"crc32":"%08x"}\n'
_INDENTED: Final = b',\n  "crc32": "%08x"\n}\n'
_AT_THE_END: Final = re.compile(
    rb',(?:"crc32":"([0-9a-f]{8})"\}|\n  "crc32": "([0-9a-f]{8})"\n\})\n\Z'
)
# `?` stands for any digit.
_SHAPES: Final = tuple(seal.replace(b"%08x", b"?" * 8) for seal in (_ON_ONE_LINE, _INDENTED))
_LONGEST: Final = max(len(shape) for shape in _SHAPES)


class BrokenSeal(ValueError):
    """The seal is torn, or does not fit what stands before it. The text says so to a person."""


def sealed(text: bytes) -> bytes:
    """The JSON object in `text`, which has at least one field, with its seal as the last one."""
    body = text.rstrip()[:-1].rstrip()
    if len(body) < len(b'{"":0'):
        raise ValueError(f"not an object with a field: {text[:40]!r}")
    return body + (_INDENTED if b"\n" in body else _ON_ONE_LINE) % zlib.crc32(body)


def unsealed(content: bytes) -> bytes:
    """The JSON object without its seal; `content` as it is where there never was one.

    A file without one was written by an older launcher or by hand, or its seal was taken away: its
    schema has to judge it. Raises: BrokenSeal.
    """
    seal = _AT_THE_END.search(content, max(0, len(content) - _LONGEST))
    if seal is not None:
        body = content[: seal.start()]
        if int(seal[1] or seal[2], 16) != zlib.crc32(body):
            raise BrokenSeal("its checksum does not fit its content")
        return body + b"}"
    if b'"crc32"' in content or ends_like_a_seal(content):
        raise BrokenSeal("its checksum is damaged")
    return content


def ends_like_a_seal(content: bytes) -> bool:
    """Whether the last bytes are a seal, give or take one: then the end of it was written."""
    return any(_differences(content, shape) <= 1 for shape in _SHAPES)


def _differences(content: bytes, shape: bytes) -> int:
    end = content[-len(shape) :]
    if len(end) < len(shape):
        return len(shape)
    any_digit = ord("?")
    return sum(
        found != meant for found, meant in zip(end, shape, strict=True) if meant != any_digit
    )
