"""The plot of an optimisation: attribute against identity distance, a dot for each step that can be clicked."""

import math
from collections.abc import Sequence
from typing import Any

import pyqtgraph
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from faceeditor.gui.colors import color
from faceeditor.gui.widgets.plot import plot_widget

_DOT, _CHOSEN = 7, 12


class ConvergencePlot(QWidget):
    """Steps as dots; the last one is where the optimisation is.

    Signals:
        picked: index of the step that was clicked.
    """

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view: Any = plot_widget(
            self.tr("Attribute against identity distance"), self.tr("Identity distance"), self.tr("Attribute")
        )
        self._line: Any = self.view.plot(pen=pyqtgraph.mkPen(color("accent-low"), width=1.5))
        self._hold: Any = pyqtgraph.InfiniteLine(
            angle=90, pen=pyqtgraph.mkPen(color("banner-edge"), style=Qt.PenStyle.DashLine)
        )
        self.view.addItem(self._hold)
        self._dots: Any = pyqtgraph.ScatterPlotItem(pxMode=True)
        self._dots.sigClicked.connect(self._click)
        self.view.addItem(self._dots)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        self._points: list[tuple[float, float]] = []
        self._chosen = -1

    @property
    def points(self) -> list[tuple[float, float]]:
        """(identity distance, attribute) of the steps that are shown."""
        return list(self._points)

    def show_points(self, points: Sequence[tuple[float, float]], chosen: int, hold: float) -> None:
        """Show (identity distance, attribute) of all steps.

        Args:
            points: of each step.
            chosen: index of the step whose picture is shown, -1 for none.
            hold: the distance at which identity is held.
        """
        self._points, self._chosen = [p for p in points if all(map(math.isfinite, p))], chosen
        xs, ys = [p[0] for p in self._points], [p[1] for p in self._points]
        self._line.setData([0.0, *xs], [0.0, *ys])  # from the face as it is
        plain, marked = pyqtgraph.mkBrush(color("accent")), pyqtgraph.mkBrush(color("handle"))
        self._dots.setData(
            pos=self._points,
            data=list(range(len(self._points))),
            size=[_CHOSEN if i == chosen else _DOT for i in range(len(self._points))],
            brush=[marked if i == chosen else plain for i in range(len(self._points))],
            pen=None,
        )
        self._hold.setPos(hold)
        right = max([*xs, hold]) * 1.1
        low, high = min([0.0, *ys]), max([1.0, *ys])
        self.view.setRange(xRange=(0.0, right), yRange=(low, high * 1.05), padding=0)

    def position(self, index: int) -> Any:
        """Where a step's dot lies in the plot widget, a QPoint."""
        from PySide6.QtCore import QPointF

        scene = self.view.getViewBox().mapViewToScene(QPointF(*self._points[index]))
        return self.view.mapFromScene(scene)

    def _click(self, dots: object, points: Any, *_: object) -> None:
        if len(points):
            self.picked.emit(int(points[-1].data()))
