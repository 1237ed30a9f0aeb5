"""The presets of a group in its panel: a ring that mixes some of them, all of them to click, the user's own to keep."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.deferred import DeferredCalls
from faceeditor.gui.icons import icon
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.chip import Chip
from faceeditor.gui.widgets.preset_ring import PresetRing
from faceeditor.gui.widgets.section import Section
from faceeditor.gui.widgets.segments import Segments
from faceeditor.gui.widgets.slider_row import SliderRow
from faceeditor.head.presets import Preset, delete_preset, preset_of, presets, save_preset
from faceeditor.interaction.preset_mix import MAX_PRESETS, MIN_PRESETS, place_of_mix

_RING = 5
_RING_PICTURE = 28
_CHIP_PICTURE = 24

Picture = Callable[[Preset, int], QIcon | None]


def _no_picture(preset: Preset, size: int) -> QIcon | None:
    return None


class PresetBox(QWidget):
    """Ring, chips, amount and menu.

    Args:
        heads: what changes the head.
        group: whose presets.
        picture: makes a preset's small picture of a size in pixels; None for names alone.
        ring: "first" or "second": what is seen at first, the ring or the chips; empty: there is no ring.
        columns: of the chips.
    """

    def __init__(
        self,
        heads: HeadController,
        group: str,
        picture: Picture = _no_picture,
        ring: str = "second",
        columns: int = 3,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.heads = heads
        self.group = group
        self._picture = picture
        self._looks: dict[tuple[str, int], QIcon] = {}
        self._deferred = DeferredCalls(self)
        self._with_ring = bool(ring)
        self._columns = columns
        self.known: tuple[Preset, ...] = ()
        self.chips: list[Chip] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.ring = PresetRing(self.tr("Mix of presets: {group}").format(group=group))
        self.ring.started.connect(lambda: heads.begin(self.tr("Mix {group}").format(group=group)))
        self.ring.moved.connect(lambda x, y: heads.set_mix(group, self.ring_presets, x, y))
        self.ring.ended.connect(heads.end)
        self.ring.menu_wanted.connect(self._ring_menu)
        self.amount = SliderRow(self.tr("Amount"), 0.0, 1.0, 1.0, "%", 0.01)
        self.amount.reset_value = 1.0
        self.amount.started.connect(lambda: heads.begin(self.tr("Amount")))
        self.amount.moved.connect(lambda value: heads.set_amount(group, value))
        self.amount.ended.connect(heads.end)
        self.amount.refused.connect(heads.session.failed)
        self._sheet = QWidget()
        sheet = QVBoxLayout(self._sheet)
        sheet.setContentsMargins(0, 0, 0, 0)
        sheet.setSpacing(6)
        self._grid = QGridLayout()
        self._grid.setSpacing(4)
        sheet.addLayout(self._grid)
        sheet.addWidget(self.amount)
        self.pages = Segments([self.tr("Presets"), self.tr("Mix")])
        self.pages.chosen.connect(self._show_page)
        self.pages.set_current(1 if ring == "first" else 0)
        self.section = Section(self.tr("Presets"), self._fill)
        column.addWidget(self.section)
        self.reload()

    def _fill(self, column: QVBoxLayout) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        if self._with_ring:
            head.addWidget(self.pages, 1)
        else:
            head.addWidget(label(self.tr("Click to apply"), "hint"), 1)
        self.menu_button = QToolButton()
        self.menu_button.setIcon(icon("menu", 16))
        self.menu_button.setIconSize(QSize(16, 16))
        self.menu_button.setToolTip(self.tr("Save, delete or choose presets"))
        self.menu_button.setAccessibleName(self.tr("Preset menu: {group}").format(group=self.group))
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.menu_button.clicked.connect(self._open_menu)
        head.addWidget(self.menu_button)
        column.addLayout(head)
        column.addSpacing(4)
        column.addWidget(self.ring)
        column.addWidget(self._sheet)
        self._show_page()

    def _show_page(self) -> None:
        mixing = self._with_ring and self.pages.current() == 1
        self.ring.setVisible(mixing)
        self._sheet.setVisible(not mixing)

    # The presets there are.

    def reload(self) -> None:
        """Read the presets anew, as after one was saved."""
        self._deferred.clear()
        problems: list[str] = []
        found: list[tuple[Preset, ...]] = []
        if self.heads.session.guarded(
            lambda: found.append(presets(self.group, on_error=lambda error: problems.append(str(error))))
        ):
            self.known = found[0]
        if problems:
            self.heads.session.failed.emit(problems[0])
        self._show_ring()
        self._show_chips()
        self.refresh()

    @property
    def ring_presets(self) -> list[Preset]:
        """The presets on the ring, clockwise from the top."""
        chosen = self.heads.rings.get(self.group, ())
        by_name = {preset.name: preset for preset in self.known}
        ring = [by_name[name] for name in chosen if name in by_name]
        # A preset without values is the neutral face, which the middle is for.
        spare = [preset for preset in self.known if preset not in ring and preset.values]
        wanted = len(ring) if len(ring) >= MIN_PRESETS else _RING
        return ring + spare[: max(0, wanted - len(ring))]

    def set_ring(self, names: list[str]) -> None:
        """Choose the presets on the ring, 3 to 6."""
        self.heads.rings[self.group] = tuple(names[:MAX_PRESETS])
        self._show_ring()
        self.refresh()

    def _look(self, preset: Preset, size: int) -> QIcon | None:
        """A preset's small picture, made once."""
        key = (f"{preset.name} {hash(frozenset(preset.values.items()))}", size)
        if key not in self._looks:
            made = self._picture(preset, size)
            if made is None:
                return None
            self._looks[key] = made
        return self._looks[key]

    def _show_ring(self) -> None:
        ring = self.ring_presets
        self.ring.set_presets([preset.name for preset in ring])
        self.ring.setEnabled(len(ring) >= MIN_PRESETS)
        if self._picture is not _no_picture:
            for preset in ring:
                self._deferred.add(bound(self._look, preset, _RING_PICTURE))
            self._deferred.add(self._show_ring_pictures)

    def _show_ring_pictures(self) -> None:
        size = QSize(_RING_PICTURE, _RING_PICTURE)
        looks = [self._look(preset, _RING_PICTURE) for preset in self.ring_presets]
        pictures = [None if look is None else look.pixmap(size, self.devicePixelRatioF()) for look in looks]
        self.ring.set_presets(self.ring.names, pictures)

    def _show_chips(self) -> None:
        for chip in self.chips:
            self._grid.removeWidget(chip)
            chip.deleteLater()
        self.chips = []
        pictured = self._picture is not _no_picture
        place = QPixmap(_CHIP_PICTURE, _CHIP_PICTURE)
        place.fill(Qt.GlobalColor.transparent)
        empty = QIcon(place)  # keeps the place for the picture that follows
        for index, preset in enumerate(self.known):
            chip = Chip(preset.name)
            if pictured:
                chip.setIcon(empty)
                chip.setIconSize(QSize(_CHIP_PICTURE, _CHIP_PICTURE))
                self._deferred.add(bound(self._show_look, chip, preset))
                chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            chip.clicked.connect(bound(self._apply, preset))
            self.chips.append(chip)
            self._grid.addWidget(chip, index // self._columns, index % self._columns)
        for column in range(self._columns):
            self._grid.setColumnStretch(column, 1)

    def _show_look(self, chip: Chip, preset: Preset) -> None:
        look = self._look(preset, _CHIP_PICTURE)
        if look is not None:
            chip.setIcon(look)

    def _apply(self, preset: Preset) -> None:
        self.heads.apply_preset(preset, self.amount.real)
        self.refresh()

    def refresh(self) -> None:
        """Show how the present group was mixed."""
        mix = self.heads.mix(self.group)
        self.ring.show_handle(*place_of_mix(mix, [preset.name for preset in self.ring_presets]))
        for chip, preset in zip(self.chips, self.known, strict=True):
            chip.setChecked(mix.preset is not None and mix.preset.name == preset.name and mix.amount > 0)
        if mix.preset is not None:
            self.amount.show_value(mix.amount, 1.0)

    # Menus.

    def _open_menu(self) -> None:
        self._menu(-1, self.menu_button.mapToGlobal(QPoint(0, self.menu_button.height())))

    def _ring_menu(self, index: int, at: object) -> None:
        self._menu(index, at if isinstance(at, QPoint) else QPoint())

    def _menu(self, index: int, at: QPoint) -> None:
        menu = self.build_menu(index)
        menu.exec(at)
        menu.deleteLater()

    def build_menu(self, index: int = -1) -> QMenu:
        """The menu of the whole box, or of the ring's preset with this index."""
        menu = QMenu(self)
        ring = [preset.name for preset in self.ring_presets]
        if index >= 0:
            exchange = menu.addMenu(self.tr("Replace “{name}” with").format(name=ring[index]))
            for preset in self.known:
                if preset.name not in ring:
                    names = [*ring[:index], preset.name, *ring[index + 1 :]]
                    exchange.addAction(preset.name, bound(self.set_ring, names))
            exchange.setEnabled(len(self.known) > len(ring))
            menu.addSeparator()
        menu.addAction(self.tr("Save as preset ..."), self.save).setEnabled(self.heads.ready)
        if self._with_ring:
            on_ring = menu.addMenu(self.tr("On the ring"))
            for preset in self.known:
                self._add_ring_switch(on_ring, preset.name, ring)
        own = [preset for preset in self.known if preset.own]
        remove = menu.addMenu(self.tr("Delete"))
        remove.setEnabled(bool(own))
        for preset in own:
            remove.addAction(preset.name, bound(self.delete, preset))
        return menu

    def _add_ring_switch(self, menu: QMenu, name: str, ring: list[str]) -> None:
        action = menu.addAction(name)
        action.setCheckable(True)
        action.setChecked(name in ring)
        others = [each for each in ring if each != name]
        wanted = others if name in ring else [*ring, name]
        action.setEnabled(MIN_PRESETS <= len(wanted) <= MAX_PRESETS)
        action.triggered.connect(bound(self.set_ring, wanted))

    def ask_name(self) -> str:
        """Ask for the name of a new preset; empty if the user changed his mind."""
        text, good = QInputDialog.getText(
            self, self.tr("Save as preset"), self.tr("Name of the preset:"), QLineEdit.EchoMode.Normal, ""
        )
        return text.strip() if good else ""

    def save(self) -> None:
        """Keep the present group as one of the user's presets."""
        head = self.heads.head
        name = self.ask_name() if head is not None else ""
        if head is None or not name:
            return
        if self.heads.session.guarded(lambda: save_preset(preset_of(name, self.group, head))):
            self.reload()
            self.heads.noted.emit(self.tr("Saved preset “{name}”.").format(name=name))

    def delete(self, preset: Preset) -> None:
        """Remove one of the user's presets."""
        self.heads.session.guarded(lambda: delete_preset(preset))
        self.reload()
