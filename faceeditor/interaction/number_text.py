"""Numbers with units: format and parse, with comma or point as the decimal separator."""

import math

from faceeditor.errors import FaceEditorError

_SIGNS = {"deg": "°", "degrees": "°"}


class NumberError(FaceEditorError):
    """The typed text is not a number."""


def unit_sign(unit: str) -> str:
    """How a unit is written behind its number."""
    sign = _SIGNS.get(unit, unit)
    return sign if sign in ("", "°") else f" {sign}"


def decimals(step: float) -> int:
    """Digits behind the point that a step of this size needs, 0 to 3."""
    if step <= 0:
        return 2
    return min(3, max(0, math.ceil(-math.log10(step) - 1e-9)))


def shown(value: float, unit: str = "", step: float = 0.01) -> str:
    """The number with its unit: shares of one are shown in per cent.

    Args:
        value: the value; with the unit "%" a share, 1 for 100 %.
        unit: "%", "deg", "cm" or any other word, or empty.
        step: the smallest change that means something.
    """
    if unit == "%":
        value, step = value * 100, step * 100
    text = f"{value:.{decimals(step)}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "\u2212") + unit_sign(unit)


def parsed(text: str, unit: str = "") -> float:
    """The value that was typed, in the same measure as for `shown`.

    Raises:
        NumberError: it is no number.
    """
    plain = text.strip().lower().replace("\u2212", "-").replace(",", ".")
    for ending in ("°", "%", unit.lower(), *(name for name, sign in _SIGNS.items() if sign == "°")):
        if ending:
            plain = plain.removesuffix(ending).strip()
    try:
        value = float(plain)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise NumberError(f"“{text.strip()}” is not a number. Type digits only, for example 12 or 0.5.")
    return value / 100 if unit == "%" else value
