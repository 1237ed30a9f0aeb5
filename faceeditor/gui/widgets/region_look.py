"""How the 19 regions look in the window: colour chip, two-letter code, order in the palette."""

from collections.abc import Collection

from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPainterPath, QPen, QPixmap

from faceeditor.regions import PALETTE, REGION_NAMES, Region

CODES: dict[Region, str] = {
    Region.BACKGROUND: "BG", Region.SKIN: "SK", Region.L_BROW: "LB", Region.R_BROW: "RB", Region.L_EYE: "LE",
    Region.R_EYE: "RE", Region.GLASSES: "GL", Region.L_EAR: "LA", Region.R_EAR: "RA", Region.EARRING: "RG",
    Region.NOSE: "NO", Region.MOUTH: "MO", Region.U_LIP: "UL", Region.L_LIP: "LL", Region.NECK: "NE",
    Region.NECKLACE: "NK", Region.CLOTH: "CL", Region.HAIR: "HA", Region.HAT: "HT",
}  # fmt: skip
"""A second cue beside the colour, for people who see colours differently."""

ORDER: tuple[tuple[Region, Region | None], ...] = (
    (Region.BACKGROUND, Region.SKIN),
    (Region.HAIR, Region.HAT),
    (Region.R_BROW, Region.L_BROW),
    (Region.R_EYE, Region.L_EYE),
    (Region.R_EAR, Region.L_EAR),
    (Region.NOSE, Region.GLASSES),
    (Region.U_LIP, Region.L_LIP),
    (Region.MOUTH, Region.EARRING),
    (Region.NECK, Region.NECKLACE),
    (Region.CLOTH, None),
)
"""Rows of the palette. The person's right side comes first, as it does in the picture."""


def region_name(region: Region) -> str:
    """The region's name in the language of the window."""
    return QCoreApplication.translate("Regions", REGION_NAMES[region])


def only_in(regions: Collection[Region]) -> str:
    """What a change is limited to, as words; empty if to nothing."""
    named = ", ".join(region_name(region) for region in Region if region in regions)
    return QCoreApplication.translate("Regions", "Only in: {regions}").format(regions=named) if named else ""


def region_color(region: Region) -> QColor:
    """The region's colour on the canvas."""
    red, green, blue = (int(value) for value in PALETTE[region])
    return QColor(red, green, blue)


def ink_on(ground: QColor) -> QColor:
    """Black or white, whichever reads better on a colour (relative luminance, ITU-R BT.709)."""
    luminance = 0.2126 * ground.redF() + 0.7152 * ground.greenF() + 0.0722 * ground.blueF()
    return QColor("#161616") if luminance > 0.45 else QColor("#f4f4f4")


def draw_chip(painter: QPainter, box: QRectF, region: Region) -> None:
    """Draw the colour chip with its code into a box of the painter."""
    ground = region_color(region)
    path = QPainterPath()
    path.addRoundedRect(box, 4, 4)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(path, ground)
    painter.setPen(QPen(QColor(255, 255, 255, 40), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    font = QFont(painter.font())
    font.setPixelSize(max(8, round(box.height() * 0.46)))
    font.setBold(True)
    painter.save()
    painter.setFont(font)
    painter.setPen(ink_on(ground))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, CODES[region])
    painter.restore()


def chip_icon(region: Region) -> QIcon:
    """The chip as an icon for menus and lists."""
    picture = QPixmap(44, 44)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    draw_chip(painter, QRectF(2, 2, 40, 40), region)
    painter.end()
    return QIcon(picture)
