"""A path segment is only ever a name."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.plan import Stream, VendorResponse, encode_path, fits_path

NAMES = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_any_segments_survive_encoding(segments: list[str]) -> None:
    encoded = encode_path(tuple(segments))
    assert [unquote(part) for part in encoded.split("/")[1:]] == segments


@given(NAMES)
def test_encoded_segment_has_nothing_a_url_library_folds(name: str) -> None:
    assert not set(encode_path((name,))[1:]) & set("./\\;?#+ &=")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a;b", "a\nb", "\x00", "\x7f"])
def test_name_that_servers_fold_does_not_fit_a_path(name: str) -> None:
    assert not fits_path(name)


@pytest.mark.parametrize("name", ["a", "a.b", "...", "a b", "%2F", "%", "+", '"', "é", "🙂"])
def test_name_that_servers_leave_alone_fits_a_path(name: str) -> None:
    assert fits_path(name)


def test_streamed_answer_has_no_content_to_look_at() -> None:
    with pytest.raises(TypeError):
        VendorResponse(200, (), Stream("t")).content()
