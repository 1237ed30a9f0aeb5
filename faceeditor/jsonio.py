"""JSON from files, the clipboard and other programs, read with bounds: size, depth, numbers. Nothing is executed."""

import json
import math
from typing import Any

from faceeditor.errors import FaceEditorError

MAX_BYTES = 1 << 20
"""Size of a text that is read unless the caller allows more."""
MAX_DEPTH = 32
"""Lists and objects inside of each other."""
MAX_DIGITS = 18
"""Digits of an integer; a larger one fits no 64-bit number."""


class JsonError(FaceEditorError):
    """A text is no JSON, or exceeds a bound. The message is a phrase to be put into a sentence."""


def read_json(
    data: bytes | str, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, allow_nan: bool = False
) -> Any:
    """Parse JSON.

    Args:
        data: UTF-8 bytes or text.
        max_bytes: largest size in bytes (for text: characters).
        max_depth: how deep lists and objects may lie inside of each other.
        allow_nan: let NaN and infinities pass, for a caller who checks every number and can do without a wrong one.

    Returns:
        Dictionaries, lists, strings, booleans, None, finite floats and integers of at most 18 digits.

    Raises:
        JsonError: the text is too large or too deep, not UTF-8 or no JSON, or holds NaN, an infinity, a number out of
            range or half of a surrogate pair.
    """
    if len(data) > max_bytes:
        raise JsonError(f"it is larger than {max_bytes} bytes")
    integer, number, constant = (_lenient, float, float) if allow_nan else (_integer, _number, _constant)
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
        value = json.loads(text, parse_int=integer, parse_float=number, parse_constant=constant)
    except RecursionError:
        raise JsonError("it is nested too deeply") from None
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are such
        raise JsonError(f"it is no JSON text ({error})") from None
    _check(value, max_depth)
    return value


def read_json_object(
    data: bytes | str, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, allow_nan: bool = False
) -> dict[str, Any]:
    """Parse a JSON object; arguments and errors as of `read_json`, and JsonError if it is another value."""
    value = read_json(data, max_bytes, max_depth, allow_nan)
    if not isinstance(value, dict):
        raise JsonError("it holds no JSON object")
    return value


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise JsonError("it holds a number that is out of range")
    return int(text)


def _lenient(text: str) -> float:
    return int(text) if len(text.lstrip("-")) <= MAX_DIGITS else float(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise JsonError("it holds a number that is out of range")
    return value


def _constant(text: str) -> float:
    raise JsonError(f"it holds {text}, which is no number")


def _check(value: Any, depth: int) -> None:
    """Raise JsonError if lists and objects are nested deeper than `depth`, or a string holds half a surrogate pair."""
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise JsonError("it holds text that is no Unicode")
    elif isinstance(value, list | dict):
        if depth <= 0:
            raise JsonError("it is nested too deeply")
        for each in value if isinstance(value, list) else (*value.keys(), *value.values()):
            _check(each, depth - 1)
