"""Who shows an attribute and who lacks it, by the captions, masks and fitted heads of the face data set."""

import re
from collections.abc import Callable

import numpy as np

from faceeditor.head.model import HeadModel
from faceeditor.portrait.head import EXPRESSIONS
from faceeditor.regions import Region

Row = dict[str, str]


def _stated_age(text: str) -> float:
    found = re.search(r"(\d+)[ -]year[ -]old", text)
    if found:
        return float(found.group(1))
    if re.search(r"old age|elderly|wrinkly|senior", text):
        return 70.0
    return 35.0 if re.search(r"typical adult|adult male|adult female", text) else float("nan")


def _woman(text: str) -> bool:
    return bool(re.search(r"\b(woman|female|girl)\b", text))


def _man(text: str) -> bool:
    return bool(re.search(r"\b(man|male|boy)\b", text))


_BEARD = r"beard|goatee|mustache|sideburns|stubble"
_NOT_BLOND_HAIR = r"(black|red|orange|brown|green|blue|purple|pink|gray|grey|white) .*hair|hair"


def by_captions(text: str) -> dict[str, int]:
    """Marks (1 shows it, -1 lacks it, 0 unknown) of the attributes that captions tell of."""
    text, age = text.lower(), _stated_age(text.lower())
    beard = bool(re.search(_BEARD, text))
    coloured = {name: bool(re.search(pattern, text)) for name, pattern in {
        "blond_hair": r"blond", "black_hair": r"black hair", "red_hair": r"red( or orange)? hair",
        "grey_hair": r"(gray|grey|white)( or gray)? hair"}.items()}  # fmt: skip
    any_colour = any(coloured.values()) or bool(re.search(_NOT_BLOND_HAIR, text) and "hairstyle" not in text)
    makeup = bool(re.search(r"heavy makeup|traditional makeup|eyeliner|lipstick", text))
    marks = {
        "age": 1 if age >= 62 else (-1 if age <= 40 else 0),
        "youth": 1 if age <= 22 else (-1 if age >= 62 else 0),
        "beard": 1 if beard else (-1 if _woman(text) or "shaved" in text else 0),
        "makeup": 1 if makeup else (-1 if "without makeup" in text or _man(text) else 0),
        "fullness": 1 if re.search(r"overweight|chubby", text) else 0,
    }
    for name, shown in coloured.items():
        marks[name] = 1 if shown else (-1 if any_colour else 0)
    return marks


def by_measures(mask: np.ndarray, expression: np.ndarray, shape: np.ndarray, gamma: np.ndarray) -> dict[str, float]:
    """Numbers whose extremes show and lack the other attributes."""
    model = HeadModel.load()
    weight = model.directions["weight"].shape
    smile = [EXPRESSIONS.index(f"mouthSmile_{side}") for side in "LR"]
    lips = np.argwhere(np.isin(mask, (Region.U_LIP, Region.MOUTH, Region.L_LIP)))
    below = int(lips[:, 0].max()) if len(lips) else 180
    light = gamma.mean(1)
    return {
        "smile": float(expression[smile].mean()),
        "glasses": float((mask == Region.GLASSES).sum()),
        "long_hair": float((mask[min(below + 12, 250):] == Region.HAIR).sum()),
        "fullness": float(shape @ weight / (weight @ weight)),
        "side_light": abs(float(light[3])) / (abs(float(light[0])) + 1e-3),
    }  # fmt: skip


LIMITS: dict[str, tuple[Callable[[np.ndarray], float], Callable[[np.ndarray], float]]] = {
    "smile": (lambda x: float(np.quantile(x, 0.88)), lambda x: float(np.quantile(x, 0.35))),
    "glasses": (lambda x: 900.0, lambda x: 0.5),
    "long_hair": (lambda x: float(np.quantile(x, 0.85)), lambda x: float(np.quantile(x, 0.35))),
    "fullness": (lambda x: float(np.quantile(x, 0.92)), lambda x: float(np.quantile(x, 0.35))),
    "side_light": (lambda x: float(np.quantile(x, 0.9)), lambda x: float(np.quantile(x, 0.3))),
}
"""From which measure an attribute counts as shown, and up to which as lacking."""


def marks_of(captions: list[str], measures: list[dict[str, float]]) -> dict[str, np.ndarray]:
    """Attribute -> (N,) int8 marks of all pictures."""
    told = [by_captions(text) for text in captions]
    marks = {name: np.array([each[name] for each in told], np.int8) for name in told[0]}
    for name, (shown, lacking) in LIMITS.items():
        values = np.array([each[name] for each in measures])
        by_value = np.where(values >= shown(values), 1, np.where(values <= lacking(values), -1, 0)).astype(np.int8)
        known = marks.get(name, np.zeros(len(values), np.int8))
        marks[name] = np.where(known != 0, known, by_value).astype(np.int8)
    return marks
