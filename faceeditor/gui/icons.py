"""Line icons: SVG files drawn in one grey, coloured and rendered for each state and pixel ratio."""

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from faceeditor.gui.colors import color
from faceeditor.paths import resources_dir

_DRAWN_IN = "#d6d6d6"
_RATIOS = (1.0, 2.0, 3.0)


@cache
def _source(name: str) -> str:
    return (resources_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


def pixmap(name: str, size: QSize, tint: QColor, ratio: float) -> QPixmap:
    """Render the icon ``name`` at a size in device-independent pixels, its lines in the colour ``tint``."""
    renderer = QSvgRenderer(QByteArray(_source(name).replace(_DRAWN_IN, tint.name()).encode()))
    result = QPixmap(size * ratio)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    renderer.render(painter, QRectF(0, 0, size.width() * ratio, size.height() * ratio))
    painter.end()
    result.setDevicePixelRatio(ratio)
    return result


@cache
def icon(name: str, size: int = 20) -> QIcon:
    """The icon with its normal, checked and disabled looks."""
    result = QIcon()
    looks = (
        (QIcon.Mode.Normal, QIcon.State.Off, color("text-soft").lighter(112)),
        (QIcon.Mode.Active, QIcon.State.Off, color("text")),
        (QIcon.Mode.Normal, QIcon.State.On, QColor("#ffffff")),
        (QIcon.Mode.Active, QIcon.State.On, QColor("#ffffff")),
        (QIcon.Mode.Disabled, QIcon.State.Off, color("text-dim")),
    )
    for mode, state, tint in looks:
        for ratio in _RATIOS:
            result.addPixmap(pixmap(name, QSize(size, size), tint, ratio), mode, state)
    return result


@cache
def app_icon() -> QIcon:
    """The program's own icon."""
    result = QIcon()
    for side in (16, 32, 64, 128, 256):
        result.addPixmap(pixmap("faceeditor", QSize(side, side), QColor(_DRAWN_IN), 1.0))
    return result
