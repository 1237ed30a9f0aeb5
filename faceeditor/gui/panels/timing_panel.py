"""The timing meter: milliseconds that the last frames took, as curves."""

from typing import Any

from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from faceeditor.gui.colors import TOKENS
from faceeditor.gui.widgets.basic import label
from faceeditor.interaction.meter import FrameMeter, FrameTime

_REFRESH_MS = 250
_COLOURS = {"total": TOKENS["text-soft"], "network": TOKENS["accent"], "head": "#d9a05b"}


class TimingPanel(QWidget):
    """Reads the meter four times a second while it is seen; the plot is made when it is first shown.

    Args:
        meter: counts the frames.
    """

    def __init__(self, meter: FrameMeter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._meter = meter
        self._shown: tuple[FrameTime, ...] = ()
        self._plot: Any = None
        self.curves: dict[str, Any] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._figures = {name: label("", "value") for name in _COLOURS}
        names = {"total": self.tr("Total"), "network": self.tr("Network"), "head": self.tr("Head")}
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        for row, name in enumerate(_COLOURS):
            title = label(f"<span style='color:{_COLOURS[name]}'>●</span> {names[name]}", "")
            grid.addWidget(title, row, 0)
            grid.addWidget(self._figures[name], row, 1)
        grid.setColumnStretch(1, 1)
        self._column.addLayout(grid)
        self._timer = QTimer(self, interval=_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)

    def sizeHint(self) -> QSize:
        return QSize(300, 240)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._plot is None:
            self._build()
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)

    def _build(self) -> None:
        # Imported here: it loads pyqtgraph.
        import pyqtgraph

        from faceeditor.gui.widgets.plot import plot_widget

        self._plot = plot_widget(self.tr("Milliseconds of the last frames"), self.tr("Frame"), self.tr("ms"))
        self._plot.setMinimumHeight(120)
        for name, colour in _COLOURS.items():
            self.curves[name] = self._plot.plot(pen=pyqtgraph.mkPen(colour, width=1.5))
        self._column.insertWidget(0, self._plot, 1)

    def refresh(self) -> None:
        """Show the last frames, if there are new ones."""
        times = self._meter.times
        if times == self._shown and self._figures["total"].text():
            return
        self._shown = times
        for name, figure in self._figures.items():
            values = sorted(getattr(time, name) for time in times)
            if not values:
                figure.setText(self.tr("no frames yet"))
                continue
            text = self.tr("last {last} ms, median {median} ms, slowest {most} ms")
            last = getattr(times[-1], name)
            figure.setText(
                text.format(last=f"{last:.1f}", median=f"{values[len(values) // 2]:.1f}", most=f"{values[-1]:.1f}")
            )
            self.curves[name].setData(list(range(1 - len(times), 1)), [getattr(time, name) for time in times])
        if times:
            # A single frame that waited for a graph to be compiled would press all others to the ground.
            totals = sorted(time.total for time in times)
            highest = min(totals[-1], 4.0 * totals[len(totals) // 2])
            self._plot.setRange(xRange=(-max(20, len(times)), 0), yRange=(0.0, max(1.0, highest) * 1.05), padding=0)
