"""Plots in the theme's colours; importing this loads pyqtgraph."""

from typing import Any

import pyqtgraph
from PySide6.QtCore import Qt

from faceeditor.gui.colors import color


def plot_widget(name: str, bottom: str, left: str) -> Any:
    """A `pyqtgraph.PlotWidget` that shows and does nothing more.

    Args:
        name: for assistive technology.
        bottom, left: titles of the axes.
    """
    view: Any = pyqtgraph.PlotWidget(background=color("well"))
    view.setMenuEnabled(False)
    view.hideButtons()
    view.setMouseEnabled(False, False)
    view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    view.setAccessibleName(name)
    for side, text in (("bottom", bottom), ("left", left)):
        axis = view.getAxis(side)
        axis.setPen(color("line"))
        axis.enableAutoSIPrefix(False)
        axis.setTextPen(color("text-soft"))
        view.setLabel(side, text, color=color("text-soft").name())
    return view
