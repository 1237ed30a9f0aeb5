"""How far the shown face is from the pinned person, with the line below which two pictures count as one person."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from faceeditor.gui.colors import color
from faceeditor.gui.controllers.identity_hold import IdentityHold
from faceeditor.identity.recogniser import SAME_PERSON

FARTHEST = 1.2
"""Distance at the right end."""
_HEIGHT, _TEXT = 18, 34


class IdentityMeter(QWidget):
    """A bar from 0 to `FARTHEST`; empty while the distance is not known.

    Attributes:
        distance: what is shown.
        limit: the distance at which identity is held, None: it is not.
        holding: whether an edit is being held back at the limit.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.distance: float | None = None
        self.limit: float | None = None
        self.holding = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_distance(None)

    def sizeHint(self) -> QSize:
        return QSize(150, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(110, _HEIGHT)

    def show_distance(self, distance: float | None) -> None:
        """Show a distance, None while it is being worked out."""
        self.distance = distance
        if distance is None:
            text = self.tr("Distance to the pinned person: not known yet")
        elif distance < SAME_PERSON:
            text = self.tr("Distance to the pinned person: {d}, the same person")
        else:
            text = self.tr("Distance to the pinned person: {d}, another person")
        text = text.format(d="" if distance is None else f"{distance:.2f}")
        if self.limit is not None:
            held = self.tr("Identity is held at {d}") if not self.holding else self.tr("Held back at {d}")
            text = f"{text}\n{held.format(d=f'{self.limit:.2f}')}"
        self.setToolTip(text)
        self.setAccessibleName(text)
        self.update()

    def show_limit(self, limit: float | None, holding: bool) -> None:
        """Show the distance at which identity is held, None: nowhere, and whether an edit is held back there."""
        self.limit, self.holding = limit, holding
        self.show_distance(self.distance)

    def follow(self, hold: IdentityHold) -> None:
        """Show the limit of a controller from now on."""
        hold.changed.connect(lambda: self.show_limit(hold.limit if hold.active else None, hold.holding))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        groove = QRectF(0, self.height() / 2 - 4, self.width() - _TEXT, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("well"))
        painter.drawRoundedRect(groove, 4, 4)
        if self.distance is not None:
            share = min(1.0, self.distance / FARTHEST)
            good = self.distance < SAME_PERSON and not self.holding
            painter.setBrush(color("accent") if good else color("banner-edge").lighter(130))
            painter.drawRoundedRect(
                QRectF(groove.left(), groove.top(), max(8.0, share * groove.width()), groove.height()), 4, 4
            )
        line = groove.left() + groove.width() * SAME_PERSON / FARTHEST
        painter.setPen(QPen(color("text"), 1.5))
        painter.drawLine(QPointF(line, groove.top() - 3), QPointF(line, groove.bottom() + 3))
        if self.limit is not None:
            # What lies beyond the limit is closed: hatched, with a gate in front of it.
            gate = groove.left() + groove.width() * self.limit / FARTHEST
            closed = color("banner-edge").lighter(130) if self.holding else color("text-dim")
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QBrush(closed, Qt.BrushStyle.BDiagPattern))
            painter.drawRect(QRectF(gate, groove.top(), groove.right() - gate, groove.height()))
            painter.setPen(QPen(closed, 3))
            painter.drawLine(QPointF(gate, groove.top() - 5), QPointF(gate, groove.bottom() + 5))
        painter.setPen(color("banner-edge").lighter(150) if self.holding else color("text"))
        shown = "–" if self.distance is None else f"{self.distance:.2f}"
        room = QRectF(self.width() - _TEXT, 0, _TEXT, self.height())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), shown)
