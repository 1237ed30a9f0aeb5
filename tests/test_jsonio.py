"""JSON is read with bounds: whatever the text is, it is a value or a JsonError."""

import json
import random

import pytest

from faceeditor.jsonio import JsonError, read_json, read_json_object


def test_plain_values_come_through() -> None:
    value = {"a": [1, -2.5, True, None, "ü"], "b": {"c": 999_999_999_999_999_999}}
    assert read_json(json.dumps(value)) == value
    assert read_json(b"\xef\xbb\xbf[1]") == [1]
    assert read_json_object('{"x": 1}') == {"x": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"), ("{", "no JSON"), (b"\xff\xfe", "no JSON"), ("NaN", "NaN"), ("-Infinity", "Infinity"),
        ("1e999", "out of range"), ("1" * 19, "out of range"), ("1" * 5000, "out of range"),
        ("[" * 40 + "]" * 40, "deep"),
        ("[" * 100_000, "deep|no JSON"), ('"\\ud800"', "Unicode"), ('{"\\udfff": 1}', "Unicode"),
        ("[" + " " * (1 << 20) + "]", "larger"),
    ],
)  # fmt: skip
def test_bounds(text: str | bytes, words: str) -> None:
    with pytest.raises(JsonError, match=words):
        read_json(text)


def test_only_an_object_is_an_object() -> None:
    with pytest.raises(JsonError, match="no JSON object"):
        read_json_object("[1]")


def test_mutated_texts_are_values_or_errors() -> None:
    rng = random.Random(5)
    seed = json.dumps({"format": 3, "faces": [{"head": [0.5, 1e-7], "label": "é"}]}).encode()
    for _ in range(2000):
        data = bytearray(seed)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            json.dumps(read_json(bytes(data)), allow_nan=False).encode()
        except JsonError:
            continue
