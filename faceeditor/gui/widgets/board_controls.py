"""The controls of a board: person, method, variety, likeness, locks, size."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from faceeditor.gui.controllers.board_controller import BoardController
from faceeditor.gui.icons import icon
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.chip import Chip
from faceeditor.gui.widgets.identity_meter import IdentityMeter
from faceeditor.gui.widgets.section import Section
from faceeditor.gui.widgets.slider_row import SliderRow
from faceeditor.head.controls import controls
from faceeditor.identity.board import LIKENESS, MIX, SIZES, SLIDERS, VARIETY
from faceeditor.identity.methods import METHODS
from faceeditor.identity.variation import LOCKS

_PICTURE = 64


class BoardControls(QWidget):
    """Pins a person and sets the options of the board.

    Args:
        board: the controller.
        columns: of the locks.
        folded: hide method, size, likeness and locks at first.
    """

    def __init__(
        self, board: BoardController, columns: int = 2, folded: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._board = board
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._person_row())
        self.meter = IdentityMeter()
        column.addWidget(self.meter)
        self.variety = SliderRow(self.tr("Variety"), 0.0, 1.0, VARIETY, "%", 0.01)
        self.variety.moved.connect(lambda value: board.set_options(variety=value))
        column.addWidget(self.variety)
        column.addLayout(self._button_row())
        options = QWidget()
        self._fill_options(QVBoxLayout(options), columns)
        if folded:
            self.section = Section(self.tr("Options"), lambda body: body.addWidget(options), folded=True)
            column.addWidget(self.section)
        else:
            column.addWidget(options)
        board.pinned_changed.connect(self.refresh)
        board.options_changed.connect(self.refresh)
        board.score_changed.connect(self.meter.show_distance)
        board.work_started.connect(lambda _: self.refresh())
        board.work_ended.connect(self.refresh)
        self.meter.show_distance(board.score)
        self.refresh()

    def _fill_options(self, column: QVBoxLayout, columns: int) -> None:
        board = self._board
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.method = self._combo(self.tr("Method"))
        for name, (title, _) in METHODS.items():
            self.method.addItem(title, name)
        self.method.addItem(self.tr("All methods"), MIX)
        self.method.addItem(self.tr("Two sliders"), SLIDERS)
        self.method.currentIndexChanged.connect(lambda _: board.set_options(method=self.method.currentData()))
        self.size_choice = self._combo(self.tr("Size of the board"))
        for rows, columns_of in SIZES:
            self.size_choice.addItem(self.tr("{rows} × {columns} pictures").format(rows=rows, columns=columns_of))
        self.size_choice.currentIndexChanged.connect(self._choose_size)
        column.addWidget(self.method)
        self.across = self._combo(self.tr("Slider across"))
        self.down = self._combo(self.tr("Slider down"))
        for combo, option in ((self.across, "across"), (self.down, "down")):
            for slider in controls():
                combo.addItem(self.tr(slider.title), slider.name)
            combo.currentIndexChanged.connect(lambda _, c=combo, o=option: board.set_options(**{o: c.currentData()}))
            column.addWidget(combo)
        column.addWidget(self.size_choice)
        self.likeness = SliderRow(self.tr("Likeness"), 0.2, 1.0, LIKENESS)
        self.likeness.setToolTip(
            self.tr("Largest distance to the pinned person; others are drawn anew. Below 0.6: the same person.")
        )
        self.likeness.moved.connect(lambda value: board.set_options(likeness=value))
        column.addWidget(self.likeness)
        column.addWidget(label(self.tr("Keep"), "sectionTitle"))
        column.addLayout(self._lock_grid(columns))

    def _combo(self, name: str) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        combo.setToolTip(name)
        combo.setMinimumContentsLength(4)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return combo

    def _person_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.picture = QLabel()
        self.picture.setFixedSize(_PICTURE, _PICTURE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setAccessibleName(self.tr("Pinned person"))
        row.addWidget(self.picture)
        buttons = QVBoxLayout()
        self.pin = QPushButton(icon("pin", 16), self.tr("Pin"))
        self.pin.setToolTip(self.tr("Make pictures of the person that the portrait shows now"))
        self.pin.setAutoDefault(False)
        self.pin.clicked.connect(bound(self._board.pin))
        self.back = QPushButton(self.tr("Undo pin"))
        self.back.setAutoDefault(False)
        self.back.clicked.connect(bound(self._go_back))
        buttons.addWidget(self.pin)
        buttons.addWidget(self.back)
        row.addLayout(buttons, 1)
        return row

    def _lock_grid(self, columns: int) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(4)
        self.locks: dict[str, Chip] = {}
        for number, (name, title) in enumerate(LOCKS.items()):
            chip = Chip(self.tr(title))
            chip.setIcon(icon("unlock", 14))
            chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            chip.clicked.connect(bound(self._lock, name))
            self.locks[name] = chip
            grid.addWidget(chip, number // columns, number % columns)
        return grid

    def _button_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.reroll = QPushButton(icon("dice", 16), self.tr("Draw all anew"))
        self.reroll.setToolTip(self.tr("Draw all pictures anew that are not kept"))
        self.reroll.setAutoDefault(False)
        self.reroll.clicked.connect(bound(self._draw_or_stop))
        row.addWidget(self.reroll)
        return row

    def _draw_or_stop(self) -> None:
        if self._board.working:
            self._board.stop()
        else:
            self._board.reroll()

    def _go_back(self) -> None:
        if self._board.drilled:
            self._board.vary(None)
        else:
            self._board.unpin()

    def _choose_size(self, index: int) -> None:
        rows, columns = SIZES[index]
        self._board.set_options(rows=rows, columns=columns)

    def _lock(self, name: str) -> None:
        locks = self._board.options.locks
        self._board.set_options(locks=locks ^ {name})

    def refresh(self) -> None:
        """Show the board's options and person as they are now."""
        board, options = self._board, self._board.options
        size = (options.rows, options.columns)
        for combo, name in ((self.across, options.across), (self.down, options.down)):
            with QSignalBlocker(combo):
                combo.setCurrentIndex(combo.findData(name))
            combo.setVisible(options.method == SLIDERS)
        with QSignalBlocker(self.method), QSignalBlocker(self.size_choice):
            self.method.setCurrentIndex(self.method.findData(options.method))
            self.size_choice.setCurrentIndex(SIZES.index(size) if size in SIZES else -1)
        self.variety.show_value(options.variety, VARIETY)
        self.likeness.show_value(options.likeness, LIKENESS)
        for name, chip in self.locks.items():
            chip.setChecked(name in options.locks)
            chip.setIcon(icon("lock" if name in options.locks else "unlock", 14))
        reference = board.pinned
        self.back.setEnabled(reference is not None)
        self.back.setText(self.tr("Back") if board.drilled else self.tr("Unpin"))
        self.reroll.setText(self.tr("Stop") if board.working else self.tr("Draw all anew"))
        self.reroll.setEnabled(reference is not None or board.working)
        if reference is None:
            self.picture.setPixmap(icon("pin", 32).pixmap(32, 32))
        else:
            ratio = self.devicePixelRatioF()
            side = round(_PICTURE * ratio)
            smooth = Qt.TransformationMode.SmoothTransformation
            shown = QPixmap.fromImage(to_qimage(reference.picture.pixels)).scaled(
                side, side, Qt.AspectRatioMode.KeepAspectRatio, smooth
            )
            shown.setDevicePixelRatio(ratio)
            self.picture.setPixmap(shown)
