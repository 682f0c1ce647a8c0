"""Writes and reads PNG files with the standard library: what an output image is made of here."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 6: 4}  # color type -> samples a pixel


class UnidentifiedImageError(OSError):
    """The file is no image that can be read here."""


@dataclass(frozen=True)
class Picture:
    """One 8-bit RGB image."""

    width: int
    height: int
    pixels: bytes = field(repr=False)

    @classmethod
    def plain(cls, width, height, color):
        return cls(width, height, bytes(color) * (width * height))


def _chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def encode(picture, texts=None):
    """The bytes of a PNG file; `texts` become its tEXt chunks, as real outputs carry the prompt."""
    stride = picture.width * 3
    rows = b"".join(
        b"\0" + picture.pixels[at : at + stride] for at in range(0, len(picture.pixels), stride)
    )
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 0)
    notes = b"".join(
        _chunk(b"tEXt", key.encode("latin-1") + b"\0" + text.encode("latin-1"))
        for key, text in (texts or {}).items()
    )
    return (
        SIGNATURE
        + _chunk(b"IHDR", header)
        + notes
        + _chunk(b"IDAT", zlib.compress(rows, 1))
        + _chunk(b"IEND", b"")
    )


def _chunks(data):
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + size]
        at += size + 12


def _predicted(kind, left, above, corner):
    if kind == 4:
        base = left + above - corner
        return min((left, above, corner), key=lambda near: abs(base - near))
    return (0, left, above, (left + above) // 2)[kind]


def _unfiltered(raw, stride, step):
    rows, previous = [], bytearray(stride)
    for at in range(0, len(raw), stride + 1):
        kind, row = raw[at], bytearray(raw[at + 1 : at + 1 + stride])
        for x in range(stride if kind else 0):
            left, corner = (row[x - step], previous[x - step]) if x >= step else (0, 0)
            row[x] = (row[x] + _predicted(kind, left, previous[x], corner)) & 255
        rows.append(row)
        previous = row
    return b"".join(rows)


def _as_rgb(samples, channels):
    if channels == 1:
        return bytes(value for value in samples for _ in range(3))
    return b"".join(samples[at : at + 3] for at in range(0, len(samples), channels))


def decode(path):
    """The picture in a PNG file of 8-bit gray, RGB or RGBA; others cannot be identified."""
    data = Path(path).read_bytes()
    try:
        if not data.startswith(SIGNATURE):
            raise ValueError("no PNG signature")
        chunks = list(_chunks(data))
        width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
        channels = CHANNELS[color] if depth == 8 and not interlaced else 0
        raw = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
        samples = _unfiltered(raw, width * channels, channels)
        return Picture(width, height, samples if channels == 3 else _as_rgb(samples, channels))
    except (ValueError, KeyError, IndexError, struct.error, zlib.error) as error:
        raise UnidentifiedImageError(f"cannot identify image file '{path}'") from error
