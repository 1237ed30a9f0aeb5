"""What is drawn with an imported generator: faces of seeds, mixes, walks, pictures of one person."""

import random
from dataclasses import replace
from enum import Enum

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.engine.generator_jobs import POOL_SIZES
from faceeditor.generators.imported.recipe import COARSE, FINE, MIDDLE, Recipe
from faceeditor.gui.icons import icon
from faceeditor.gui.widgets.segments import Segments
from faceeditor.gui.widgets.slider_row import SliderRow

TILES = 12
"""Faces that are drawn at a time."""
_LARGEST_SEED = 2**31 - 1
_RANDOM_SEEDS = 10_000
_PAUSE_MS = 250
_TRUNCATION, _VARIETY = 0.7, 2.0
_MOST_VARIETY = 4.0
"""In units of `exfacegan.LARGEST_OFFSET`, which suits our own spaces: W needs more."""


class Mode(Enum):
    """What the tiles show."""

    FACES = 0
    MIX = 1
    WALK = 2
    PERSON = 3


class GeneratorControls(QWidget):
    """Seed, truncation and what else a mode needs.

    Signals:
        changed: something else is to be drawn; a moment after the last change.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = 0
        self._groups: tuple[str, ...] = ()
        self._pause = QTimer(self, interval=_PAUSE_MS, singleShot=True)
        self._pause.timeout.connect(self.changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.modes = Segments([self.tr("Faces"), self.tr("Mix"), self.tr("Walk"), self.tr("Same person")])
        self.modes.set_current(0)
        self.modes.chosen.connect(self._change_mode)
        column.addWidget(self.modes)
        self._form = QFormLayout()
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(8)
        column.addLayout(self._form)
        self.seed, self._seed_row = self._seed_box(self.tr("Seed"), 0)
        self.other, self._other_row = self._seed_box(self.tr("Second seed"), 1)
        self.label = QSpinBox()
        self.label.setAccessibleName(self.tr("Label"))
        self.label.valueChanged.connect(self._later)
        self._form.addRow(self.tr("Label"), self.label)
        self.pool = QComboBox()
        self.pool.setAccessibleName(self.tr("People to learn from"))
        self.pool.setToolTip(self.tr("More people give a better boundary; they are drawn once and kept"))
        for count in POOL_SIZES:
            self.pool.addItem(f"{count:,}", count)
        self._form.addRow(self.tr("People to learn from"), self.pool)
        self.across = QCheckBox(self.tr("Walk across the identity boundary"))
        self._form.addRow(self.across)
        self.truncation = SliderRow(self.tr("Truncation"), 0.0, 1.5, _TRUNCATION, "%", 0.01)
        self.truncation.setToolTip(self.tr("0 %: the average face; 100 %: as drawn, with odd ones among them"))
        self.variety = SliderRow(self.tr("Variety"), 0.1, _MOST_VARIETY, _VARIETY, "%", 0.01)
        for slider in (self.truncation, self.variety):
            slider.moved.connect(self._later)
            column.addWidget(slider)
        self.show_latents(0, ())
        self._show_mode()

    def _seed_box(self, name: str, value: int) -> tuple[QSpinBox, QHBoxLayout]:
        box = QSpinBox()
        box.setRange(0, _LARGEST_SEED)
        box.setValue(value)
        box.setAccessibleName(name)
        box.valueChanged.connect(self._later)
        dice = QToolButton()
        dice.setIcon(icon("dice", 16))
        dice.setToolTip(self.tr("Random"))
        dice.setAccessibleName(self.tr("Random {name}").format(name=name.lower()))
        dice.clicked.connect(lambda: box.setValue(random.randrange(_RANDOM_SEEDS)))
        row = QHBoxLayout()
        row.addWidget(box, 1)
        row.addWidget(dice)
        self._form.addRow(name, row)
        return box, row

    @property
    def mode(self) -> Mode:
        """What the tiles show."""
        return Mode(self.modes.current())

    @property
    def psi(self) -> float:
        """Truncation as a factor."""
        return self.truncation.real

    def show_latents(self, count: int, groups: tuple[str, ...]) -> None:
        """Offer labels 0 to count - 1, none where count is 0; mix groups of the latent where there are any."""
        self._labels, self._groups = count, groups[: TILES - 2]
        with QSignalBlocker(self.label):
            self.label.setRange(0, max(0, count - 1))
        self._form.setRowVisible(self.label, count > 0)

    def set_seed(self, seed: int) -> None:
        """Take another first seed."""
        self.seed.setValue(seed)

    def recipe(self) -> Recipe:
        """The first face."""
        return Recipe(self.seed.value(), self.psi, self.label.value() if self._labels else 0)

    def recipes(self) -> list[tuple[str, Recipe]]:
        """Title and recipe of each tile; for all modes but that of one person."""
        first = self.recipe()
        if self.mode is Mode.FACES:
            seeds = [(first.seed + index) % (_LARGEST_SEED + 1) for index in range(TILES)]
            return [(str(seed), replace(first, seed=seed)) for seed in seeds]
        other = self.other.value()
        if self.mode is Mode.WALK:
            shares = [index / (TILES - 1) for index in range(TILES)]
            return [(f"{share:.0%}", replace(first, other=other, share=share)) for share in shares]
        if self._groups:
            first_and_groups = [(self.tr("First"), frozenset()), *((name, frozenset({name})) for name in self._groups)]
            return [
                *((title, replace(first, other=other, groups=groups)) for title, groups in first_and_groups),
                (self.tr("Second"), replace(first, seed=other)),
            ]
        mixes = {
            self.tr("First"): (),
            self.tr("Shape"): (COARSE,),
            self.tr("Features"): (MIDDLE,),
            self.tr("Colours"): (FINE,),
            self.tr("Shape, features"): (COARSE, MIDDLE),
            self.tr("Shape, colours"): (COARSE, FINE),
            self.tr("Features, colours"): (MIDDLE, FINE),
            self.tr("Second"): (COARSE, MIDDLE, FINE),
        }
        return [(title, replace(first, other=other, bands=frozenset(bands))) for title, bands in mixes.items()]

    def _change_mode(self) -> None:
        self._show_mode()
        self._later()

    def _show_mode(self) -> None:
        person = self.mode is Mode.PERSON
        self._form.setRowVisible(self._other_row, self.mode in (Mode.MIX, Mode.WALK))
        self._form.setRowVisible(self.pool, person)
        self._form.setRowVisible(self.across, person)
        self.variety.setVisible(person)

    def _later(self, *_: object) -> None:
        self._pause.start()

    def settle(self) -> None:
        """Forget changes that were not told yet: what is shown is drawn already."""
        self._pause.stop()
