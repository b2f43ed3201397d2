"""Text that acts on no terminal."""

from __future__ import annotations

import json
import unicodedata

import pytest

from gateway.observe.printable import printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[31m", "\\u001b[31m", id="escape"),
        pytest.param("a\tb\r\nc\b\f", "a\\tb\\r\\nc\\b\\f", id="short-escapes"),
        pytest.param("\x00\x07", "\\u0000\\u0007", id="c0"),
        pytest.param("\x7f", "\\u007f", id="del"),
        pytest.param("\x9b2J\x80", "\\u009b2J\\u0080", id="c1"),
        pytest.param("abc\u202edcba\u202c", "abc\\u202edcba\\u202c", id="bidi-override"),
        pytest.param("\u2066x\u2069\u200f\u061c", "\\u2066x\\u2069\\u200f\\u061c", id="bidi-isolates-and-marks"),
        pytest.param("a\u2028b\u2029", "a\\u2028b\\u2029", id="line-and-paragraph-ends"),
        pytest.param("a\u200bb\ufeff", "a\\u200bb\\ufeff", id="invisible"),
        pytest.param("\U000e0041", "\\udb40\\udc41", id="tag-beyond-16-bits"),
        pytest.param("\ud800", "\\ud800", id="lone-surrogate"),
        pytest.param("Zürich — 東京 \U0001f600 مرحبا", "Zürich — 東京 \U0001f600 مرحبا", id="every-script"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="joiners"),
        pytest.param("C:\\new", "C:\\new", id="backslash"),
    ],
)
def test_text_shows_what_would_act_on_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_no_control_character_at_all_is_left() -> None:
    every = "".join(map(chr, range(0x11_0000)))
    left = {character for character in printable(every) if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}}
    directing = {
        character
        for character in printable(every)
        if unicodedata.bidirectional(character) in {"LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    }
    assert left | directing == set()


def test_json_stays_the_same_value() -> None:
    value = {"evil\u202e": "\x9b2J\x7f\x1b \U000e0041"}
    assert json.loads(printable_lines(json.dumps(value, ensure_ascii=False, indent=2))) == value
