from __future__ import annotations

import json
import zlib

import pytest

from backend.seals import BrokenSeal, sealed, unsealed

ONE_LINE = b'{"pid": 41, "words": "x}\\n\xc3\xa4"}'
INDENTED = json.dumps({"tags": ["a", {"b": None}], "count": 2}, indent=2).encode() + b"\n"
BOTH = pytest.mark.parametrize("text", [ONE_LINE, INDENTED], ids=["one line", "indented"])


@BOTH
def test_a_sealed_object_is_json_with_one_more_field_and_comes_back_whole(text: bytes) -> None:
    content = sealed(text)
    assert json.loads(content) == json.loads(text) | {"crc32": json.loads(content)["crc32"]}
    assert json.loads(unsealed(content)) == json.loads(text)
    assert list(json.loads(content))[-1] == "crc32"
    assert content.endswith(b"}\n")


def test_the_recipe_in_the_docstring_gives_a_sound_seal() -> None:
    body = json.dumps({"pid": 41, "words": "}"}).encode().rstrip()[:-1].rstrip()
    content = body + b',"crc32":"%08x"}\n' % zlib.crc32(body)
    assert content == sealed(b'{"pid": 41, "words": "}"}')
    assert unsealed(content) == b'{"pid": 41, "words": "}"}'


@BOTH
def test_what_has_no_seal_is_handed_on_as_it_is(text: bytes) -> None:
    assert unsealed(text) == text
    assert unsealed(b"") == b""
    assert unsealed(b"\x00" * 400) == b"\x00" * 400


@BOTH
def test_every_flipped_bit_breaks_the_seal_or_the_json(text: bytes) -> None:
    """Also for a reader that passes over unknown fields: no flip makes an unsealed object."""
    whole = sealed(text)
    for bit in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BrokenSeal):
            unsealed(bytes(damaged))


@BOTH
def test_every_cut_breaks_the_seal_or_the_json(text: bytes) -> None:
    whole = sealed(text)
    for length in range(len(whole)):
        with pytest.raises((BrokenSeal, json.JSONDecodeError, UnicodeDecodeError)):
            json.loads(unsealed(whole[:length]))


@BOTH
@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole + b"\n",
        lambda whole: whole + whole,
        lambda whole: whole[:-1] + b" \n",
        lambda whole: whole.replace(b"\n", b"\r\n"),
        lambda whole: whole.replace(b'"crc32"', b'"crc33"'),
    ],
)
def test_what_a_careless_hand_makes_of_a_sealed_file_is_damage(text: bytes, change: object) -> None:
    assert callable(change)
    with pytest.raises(BrokenSeal):
        unsealed(change(sealed(text)))


@pytest.mark.parametrize("text", [b"{}", b"", b"[]"])
def test_only_an_object_with_a_field_can_be_sealed(text: bytes) -> None:
    with pytest.raises(ValueError, match="not an object"):
        sealed(text)
