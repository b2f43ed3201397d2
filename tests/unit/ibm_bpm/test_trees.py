"""Laws of grafting: what is taken off for callers comes back as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.ibm_bpm.values.trees import METADATA, clean, graft, is_list
from gateway.model.jsontext import Number

SCALARS = st.none() | st.booleans() | st.text(max_size=5) | st.integers(0, 99).map(lambda n: Number(str(n)))
IDS = st.integers(0, 10**6).map(lambda n: {"objectID": str(n), "dirty": True})


def node(children):
    fields = st.dictionaries(st.text("abcd", min_size=1, max_size=2), children, max_size=3)
    objects = st.builds(lambda f, m, c: {**f, METADATA: {**m, "className": c}}, fields, IDS, st.sampled_from("KL"))
    lists = st.builds(
        lambda items, m: {"selected": [], "items": items, METADATA: m}, st.lists(children, max_size=3), IDS
    )
    return objects | lists


PAYLOADS = st.recursive(SCALARS, node, max_leaves=12)


@given(PAYLOADS)
def test_clean_value_grafted_on_its_own_is_what_it_was(payload) -> None:
    assert clean(graft(clean(payload), payload)) == clean(payload)
    assert shape(graft(clean(payload), payload)) == shape(payload)


@given(PAYLOADS, PAYLOADS)
def test_graft_never_changes_what_the_caller_wrote(value, stored) -> None:
    assert clean(graft(clean(value), stored)) == clean(value)


def shape(tree):
    """Return a tree without identities: equal elements of a list may change places."""
    if isinstance(tree, dict):
        return {key: shape(child) for key, child in tree.items() if key != "objectID"}
    return [shape(each) for each in tree] if isinstance(tree, list) else tree


def test_business_object_with_a_field_items_is_no_list() -> None:
    assert is_list({"selected": [], "items": []})
    assert not is_list({"items": []})
    assert not is_list({"selected": [], "items": [], "more": 1})
    assert not is_list({"selected": [], "items": [], METADATA: {"className": "K"}})


def test_elements_are_matched_by_content_then_by_place() -> None:
    def element(text: str, identity: str):
        return {"t": text, METADATA: {"objectID": identity, "className": "K"}}

    stored = {"selected": [], "items": [element("a", "1"), element("b", "2"), element("c", "3")]}
    same_length = graft([{"t": "c"}, {"t": "x"}, {"t": "a"}], stored)["items"]
    assert [each.get(METADATA, {}).get("objectID") for each in same_length] == ["3", "2", "1"]
    shorter = graft([{"t": "x"}, {"t": "b"}], stored)["items"]
    assert [each.get(METADATA, {}).get("objectID") for each in shorter] == [None, "2"]


def test_other_class_takes_nothing_over() -> None:
    stored = {"a": None, METADATA: {"objectID": "1", "className": "K"}}
    given_ = {"a": None, METADATA: {"className": "L"}}
    assert graft(given_, stored) == given_
