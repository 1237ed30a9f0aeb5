"""One region of the palette."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from faceeditor.gui.colors import TOKENS, color
from faceeditor.gui.widgets.region_look import draw_chip, region_name
from faceeditor.regions import Region

_CHIP = 20
_TEXT_LEFT = _CHIP + 9


class RegionButton(QAbstractButton):
    """One region of the palette: chip with code, and name; dimmed while it is protected."""

    def __init__(self, region: Region, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.region = region
        self.protected = False
        self.setCheckable(True)
        self.setText(region_name(region))
        self.setAccessibleName(region_name(region))
        self.setToolTip(region_name(region))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        font = self.font()
        font.setPixelSize(int(TOKENS["font-small"].removesuffix("px")))
        self._font = font

    def sizeHint(self) -> QSize:
        return QSize(_TEXT_LEFT + QFontMetrics(self._font).horizontalAdvance(self.text()) + 4, 28)

    def minimumSizeHint(self) -> QSize:
        return QSize(64, 28)

    @property
    def elided(self) -> bool:
        """Whether the name is shortened; the tool tip says it in full."""
        return self.width() < self.sizeHint().width()

    def set_protected(self, protected: bool) -> None:
        """Show whether the region may not be painted over."""
        self.protected = protected
        name = region_name(self.region)
        self.setToolTip(self.tr("{name} (protected)").format(name=name) if protected else name)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked():
            painter.setBrush(color("accent-deep"))
            painter.drawRoundedRect(body, 5, 5)
        elif self.underMouse():
            painter.setBrush(color("control"))
            painter.drawRoundedRect(body, 5, 5)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(color("accent"), 1))
            painter.drawRoundedRect(body, 5, 5)
        top = (self.height() - _CHIP) / 2
        draw_chip(painter, QRectF(3, top, _CHIP, _CHIP), self.region)
        dim = self.protected and not self.isChecked()
        painter.setPen(color("text-dim") if dim else color("text"))
        painter.setFont(self._font)
        text = QRectF(_TEXT_LEFT, 0, self.width() - _TEXT_LEFT - 2, self.height())
        name = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, int(text.width()))
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        if self.protected:
            middle = self.height() // 2 + 1
            end = round(text.x()) + painter.fontMetrics().horizontalAdvance(name)
            painter.setPen(QPen(color("text-dim"), 1.4))
            painter.drawLine(round(text.x()), middle, end, middle)
