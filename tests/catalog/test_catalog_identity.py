"""Ids: known answers by hashlib, and what may and may not change them."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwstpipe.errors import DataError
from jwstpipe.identity import archive_product_id, canonical_json, content_id, derived_product_id

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def test_canonical_json_is_this_text():
    value = {"b": [1, 2.5, None], "a": {"y": True, "x": "µm"}, "c": 1e-30}
    assert canonical_json(value) == '{"a":{"x":"µm","y":true},"b":[1,2.5,null],"c":1e-30}'.encode()


def test_ids_are_blake2b_of_canonical_json():
    text = (
        b'{"algorithm_version":"1","inputs":["p","q"],"operation":"mosaic","parameters":{"kernel":"k","scale":0.063}}'
    )
    expected = hashlib.blake2b(text, digest_size=16).hexdigest()
    assert derived_product_id("mosaic", "1", {"scale": 0.063, "kernel": "k"}, ["p", "q"]) == expected
    assert len(expected) == 32
    text = b'{"data_uri":"mast:JWST/product/x.fits","digest":"ab","version":null}'
    assert (
        archive_product_id("mast:JWST/product/x.fits", None, "AB") == hashlib.blake2b(text, digest_size=16).hexdigest()
    )


def test_every_ingredient_counts():
    base = ("mosaic", "1", {"scale": 0.063}, ("p1", "p2"))
    others = [
        ("stack", "1", {"scale": 0.063}, ("p1", "p2")),
        ("mosaic", "2", {"scale": 0.063}, ("p1", "p2")),
        ("mosaic", "1", {"scale": 0.064}, ("p1", "p2")),
        ("mosaic", "1", {"scale": 0.063, "x": None}, ("p1", "p2")),
        ("mosaic", "1", {"scale": 0.063}, ("p2", "p1")),
        ("mosaic", "1", {"scale": 0.063}, ("p1",)),
    ]
    assert len({derived_product_id(*ingredients) for ingredients in [base, *others]}) == 7
    assert archive_product_id("u", "1.2", "aa") != archive_product_id("u", "1.3", "aa")
    assert archive_product_id("u", "1.2", "aa") != archive_product_id("u", "1.2", "bb")


def test_equal_values_have_one_identity():
    assert (
        content_id({"n": 2})
        == content_id({"n": 2.0})
        == content_id({"n": np.float32(2)})
        == content_id({"n": np.int64(2)})
    )
    assert content_id([1, 2]) == content_id((1, 2))
    assert content_id(0.0) == content_id(-0.0)
    assert content_id(1) != content_id(True)
    assert content_id(0.1) != content_id(0.1000000000000001)
    assert canonical_json(2.0**60) == b"1.152921504606847e+18"


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [1.0, float("nan")]}, r"value\.a\[1\]: nan"),
        ({"a": float("inf")}, r"value\.a: inf"),
        ({"a": {1, 2}}, r"value\.a: a set"),
        (b"bytes", "value: a bytes"),
        ({1: 2}, "the key 1"),
        ({"a": object()}, r"value\.a: a object"),
        ("\ud800", "surrogates"),
    ],
)
def test_what_has_no_identity_is_refused_with_its_place(value, place):
    with pytest.raises(DataError, match=place):
        canonical_json(value)


@given(PLAIN)
def test_canonical_json_reads_back_and_is_a_fixed_point(value):
    text = canonical_json(value)
    again = json.loads(text)
    assert again == json.loads(json.dumps(value))
    assert canonical_json(again) == text


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), PLAIN, max_size=6), st.randoms())
def test_the_order_of_keys_does_not_matter(value, random):
    keys = list(value)
    random.shuffle(keys)
    assert content_id({key: value[key] for key in keys}) == content_id(value)
