"""The light panel: the ball of light, presets, colours of key and fill, sliders."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QColorDialog, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from faceeditor.gui.colors import color
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.panels.head_panel import HeadPanel
from faceeditor.gui.panels.preset_box import PresetBox
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.light_ball import LightBall
from faceeditor.head.control_kinds import Lamp, rig_of, with_lamps
from faceeditor.head.controls import Control
from faceeditor.portrait.head import LightRig

Colour = tuple[float, float, float]

QUICK_COLOURS: tuple[tuple[str, Colour], ...] = (
    ("Candle", (1.0, 0.58, 0.24)),
    ("Bulb", (1.0, 0.75, 0.47)),
    ("Morning", (1.0, 0.88, 0.74)),
    ("Daylight", (1.0, 1.0, 1.0)),
    ("Shade", (0.82, 0.9, 1.0)),
    ("Blue hour", (0.58, 0.72, 1.0)),
)
"""Colours of light that occur in nature and rooms, warm to cold, sRGB."""
_BALL = 168


class Swatch(QAbstractButton):
    """A button that is a colour."""

    def __init__(self, name: str, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = QColor(Qt.GlobalColor.white)
        self._width = width
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self._width, 20)

    @property
    def colour(self) -> QColor:
        """What it shows."""
        return self._colour

    def set_colour(self, colour: Colour) -> None:
        """Show an sRGB colour, each channel 0..1."""
        self._colour = QColor.fromRgbF(*colour)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(1.0 if self.isEnabled() else 0.35)
        painter.setPen(color("accent" if self.hasFocus() or self.underMouse() else "edge"))
        painter.setBrush(self._colour)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 4, 4)
        painter.end()


class ColourRow(QWidget):
    """The colour of a lamp: quick ones to click, and a dialog for any other.

    Args:
        title: of the row.
        heads: what changes the head.
        get: the lamp's colour in a rig.
        put: the rig with another colour.
    """

    def __init__(
        self,
        title: str,
        heads: HeadController,
        get: Callable[[LightRig], Colour],
        put: Callable[[LightRig, Colour], LightRig],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._title, self._heads, self._get, self._put = title, heads, get, put
        self.dialog: QColorDialog | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 4)
        row.setSpacing(2)
        row.addWidget(label(title, "value"))
        row.addStretch(1)
        self.quick: list[Swatch] = []
        for name, colour in QUICK_COLOURS:
            swatch = Swatch(self.tr("{title}: {name}").format(title=title, name=self.tr(name)), 20)
            swatch.set_colour(colour)
            swatch.clicked.connect(bound(self._take_once, colour))
            self.quick.append(swatch)
            row.addWidget(swatch)
        row.addSpacing(6)
        self.present = Swatch(self.tr("{title}: choose ...").format(title=title), 40)
        self.present.clicked.connect(self._choose)
        row.addWidget(self.present)

    def refresh(self) -> None:
        """Show the lamp's colour."""
        if self._heads.head is not None:
            self.present.set_colour(self._get(rig_of(self._heads.head)))

    def _take_once(self, colour: Colour) -> None:
        self._heads.begin(self._title)
        self._take(colour)
        self._heads.end()

    def _take(self, colour: Colour) -> None:
        head = self._heads.head
        if head is not None:
            self._heads.set(with_lamps(head, self._put(rig_of(head), colour)))

    def _choose(self) -> None:
        """Show the dialog; the light follows it, and all of it is one undo step."""
        dialog = QColorDialog(self.present.colour, self)
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
        dialog.setWindowTitle(self._title)
        dialog.currentColorChanged.connect(lambda c: self._take((c.redF(), c.greenF(), c.blueF())))
        dialog.accepted.connect(self._heads.end)
        dialog.rejected.connect(self._heads.abort)
        dialog.finished.connect(self._forget_dialog)
        self.dialog = dialog
        self._heads.begin(self._title)
        dialog.open()

    def _forget_dialog(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None


class LightPanel(HeadPanel):
    """Everything about the light."""

    def __init__(self, heads: HeadController, parent: QWidget | None = None) -> None:
        super().__init__(heads, "light", parent)
        self.ball = LightBall()
        self.ball.setFixedHeight(_BALL)
        self.ball.began.connect(lambda: heads.begin(self.tr("Key light")))
        self.ball.changed.connect(self._take_rig)
        self.ball.ended.connect(heads.end)
        self.colours: dict[str, ColourRow] = {}
        self.presets: PresetBox | None = None

    def _take_rig(self, rig: LightRig) -> None:
        if self.heads.head is not None:
            self.heads.set(with_lamps(self.heads.head, rig))

    def build_top(self) -> None:
        self.add(self.ball)
        self.presets = PresetBox(self.heads, "light", "second")
        self.add(self.presets)

    @property
    def pictured(self) -> bool:
        return self.presets is not None and self.presets.pictures.complete

    def refresh_top(self) -> None:
        head = self.heads.head
        if head is None:
            return
        self.ball.set_light(head.gamma, rig_of(head))
        if self.presets is not None:
            self.presets.refresh()
        for row in self.colours.values():
            if row.isVisible():
                row.refresh()

    def show_top(self, on: bool) -> None:
        self.ball.setVisible(on)
        if self.presets is not None:
            self.presets.setVisible(on)

    def has_row(self, found: Control) -> bool:
        # The channels of a lamp's colour have one picker instead of three sliders.
        return not (isinstance(found.kind, Lamp) and found.kind.channel is not None)

    def fill_section(self, title: str, column: QVBoxLayout) -> None:
        if title == "Key":
            row = ColourRow(
                self.tr("Key colour"), self.heads, lambda rig: rig.colour, lambda rig, c: replace(rig, colour=c)
            )
        elif title == "Fill":
            row = ColourRow(
                self.tr("Fill colour"),
                self.heads,
                lambda rig: rig.fill_colour,
                lambda rig, c: replace(rig, fill_colour=c),
            )
        else:
            return
        self.colours[title] = row
        column.addWidget(row)
        row.refresh()
