"""Colours and sizes of the theme by name."""

from PySide6.QtGui import QColor

TOKENS: dict[str, str] = {
    "window": "#1f1f1f",
    "surround": "#262626",
    "panel": "#2c2c2c",
    "raised": "#363636",
    "well": "#1b1b1b",
    "control": "#3a3a3a",
    "control-hover": "#474747",
    "control-down": "#303030",
    "edge": "#191919",
    "line": "#414141",
    "text": "#e2e2e2",
    "text-soft": "#b0b0b0",
    "text-dim": "#7d7d7d",
    "handle": "#d4d4d4",
    "accent": "#6da5d6",
    "accent-mid": "#4d85b6",
    "accent-deep": "#3a6f9e",
    "accent-low": "#2f5d86",
    "banner": "#6d3a35",
    "banner-edge": "#95524b",
    "font": "12px",
    "font-small": "11px",
    "font-title": "17px",
}
"""Colours and sizes by name; the style sheet and the painted widgets read the same table."""


def color(token: str, alpha: int = 255) -> QColor:
    """The colour of a token with an alpha of 0..255."""
    value = QColor(TOKENS[token])
    value.setAlpha(alpha)
    return value
