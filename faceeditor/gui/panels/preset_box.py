"""The presets of a group in its panel: a ring that mixes some of them, all of them as faces, the user's own to keep."""

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QPaintEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.controllers.preset_pictures import PresetPictures
from faceeditor.gui.icons import icon
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.settings import settings
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.preset_ring import PresetRing
from faceeditor.gui.widgets.preset_tile import PresetTile
from faceeditor.gui.widgets.section import Section
from faceeditor.gui.widgets.segments import Segments
from faceeditor.gui.widgets.slider_row import SliderRow
from faceeditor.gui.widgets.tile_grid import TileGrid
from faceeditor.head.presets import Preset, delete_preset, preset_of, presets, rename_preset, save_preset, slug
from faceeditor.interaction.preset_mix import MAX_PRESETS, MIN_PRESETS, place_of_mix

_RING, _TILE = 5, 84
_ONE_LINE = 12
"""Letters of a name for which one line under a tile is enough."""
MAX_PINNED = 100
"""Presets of all groups that can be pinned."""
_PINNED = "presets/pinned"


class PresetBox(QWidget):
    """Ring, tiles, amount and menu.

    Args:
        heads: what changes the head.
        group: whose presets.
        ring: "first" or "second": what is seen at first, the ring or the tiles; empty: there is no ring.
    """

    def __init__(self, heads: HeadController, group: str, ring: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heads = heads
        self.group = group
        self._with_ring = bool(ring)
        self.known: tuple[Preset, ...] = ()
        self.tiles: list[PresetTile] = []
        self.pictures = PresetPictures(heads, group, self._pictures_seen, self)
        self.pictures.changed.connect(self._show_pictures)
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
        self.grid = TileGrid(_TILE)
        self.grid.side_changed.connect(self._ask_pictures)
        sheet.addWidget(self.grid)
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
        problems: list[str] = []
        found: list[tuple[Preset, ...]] = []
        if self.heads.session.guarded(
            lambda: found.append(presets(self.group, on_error=lambda error: problems.append(str(error))))
        ):
            pinned = self._pinned()
            names = {_pin_name(preset): preset for preset in found[0]}
            in_front = [names[name] for name in pinned if name in names]
            self.known = (*in_front, *(each for each in found[0] if _pin_name(each) not in pinned))
        if problems:
            self.heads.session.failed.emit(problems[0])
        self._show_ring()
        self._show_tiles()
        self._ask_pictures()
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

    # Pictures.

    def _ask_pictures(self) -> None:
        self.pictures.show(self.known, round(self.grid.side * self.devicePixelRatioF()))

    def _pictures_seen(self) -> bool:
        """Whether some picture is on the screen: behind another tab and in a folded section none is."""
        shown = (self.ring, self.grid)
        return any(each.isVisible() and not each.visibleRegion().isEmpty() for each in shown)

    def paintEvent(self, event: QPaintEvent) -> None:
        self.pictures.ask()  # they may have come into sight
        super().paintEvent(event)

    def _show_ring(self) -> None:
        ring = self.ring_presets
        pictures = [self.pictures.picture(preset) for preset in ring]
        pixmaps = [None if pixels is None else QPixmap.fromImage(to_qimage(pixels)) for pixels in pictures]
        self.ring.set_presets([preset.name for preset in ring], pixmaps)
        self.ring.setEnabled(len(ring) >= MIN_PRESETS)

    def _show_tiles(self) -> None:
        focused = next((index for index, tile in enumerate(self.tiles) if tile.hasFocus()), -1)
        self.tiles = []
        lines = 2 if any(len(preset.name) > _ONE_LINE for preset in self.known) else 1
        for preset in self.known:
            tile = PresetTile(preset.name, lines)
            tile.clicked.connect(bound(self._apply, preset))
            tile.menu_wanted.connect(lambda at, preset=preset: self._tile_menu(preset, at))
            tile.keys.rename_wanted.connect(bound(self.rename, preset))
            tile.keys.delete_wanted.connect(bound(self.delete, preset))
            self.tiles.append(tile)
        self.grid.set_tiles(self.tiles)
        if focused >= 0 and self.tiles:
            self.tiles[min(focused, len(self.tiles) - 1)].setFocus()
        self._show_pictures()

    def _show_pictures(self) -> None:
        for tile, preset in zip(self.tiles, self.known, strict=True):
            tile.show_picture(self.pictures.picture(preset))
        self._show_ring()

    def _apply(self, preset: Preset) -> None:
        self.heads.apply_preset(preset, self.amount.real)
        self.refresh()

    def refresh(self) -> None:
        """Show how the present group was mixed."""
        mix = self.heads.mix(self.group)
        self.ring.show_handle(*place_of_mix(mix, [preset.name for preset in self.ring_presets]))
        for tile, preset in zip(self.tiles, self.known, strict=True):
            tile.setChecked(mix.preset is not None and mix.preset.name == preset.name and mix.amount > 0)
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
        return menu

    def _tile_menu(self, preset: Preset, at: object) -> None:
        menu = self.tile_menu(preset)
        menu.exec(at if isinstance(at, QPoint) else QPoint())
        menu.deleteLater()

    def tile_menu(self, preset: Preset) -> QMenu:
        """The menu of a preset: apply, pin, rename, delete. Those of the program keep their names."""
        menu = QMenu(self)
        menu.addAction(self.tr("Apply"), bound(self._apply, preset))
        menu.addSeparator()
        pinned = self._is_pinned(preset)
        menu.addAction(self.tr("Unpin") if pinned else self.tr("Pin"), bound(self.pin, preset, not pinned))
        menu.addAction(self.tr("Rename ...") + "\tF2", bound(self.rename, preset)).setEnabled(preset.own)
        menu.addAction(self.tr("Delete") + "\tDel", bound(self.delete, preset)).setEnabled(preset.own)
        return menu

    def _add_ring_switch(self, menu: QMenu, name: str, ring: list[str]) -> None:
        action = menu.addAction(name)
        action.setCheckable(True)
        action.setChecked(name in ring)
        others = [each for each in ring if each != name]
        wanted = others if name in ring else [*ring, name]
        action.setEnabled(MIN_PRESETS <= len(wanted) <= MAX_PRESETS)
        action.triggered.connect(bound(self.set_ring, wanted))

    def ask_name(self, title: str, present: str = "") -> str:
        """Ask for the name of a preset; empty if the user cancels."""
        text, good = QInputDialog.getText(
            self, title, self.tr("Name of the preset:"), QLineEdit.EchoMode.Normal, present
        )
        return text.strip() if good else ""

    def save(self) -> None:
        """Keep the present group as one of the user's presets."""
        head = self.heads.head
        name = self.ask_name(self.tr("Save as preset")) if head is not None else ""
        if head is None or not name:
            return
        if self.heads.session.guarded(lambda: save_preset(preset_of(name, self.group, head))):
            self.reload()
            self.heads.noted.emit(self.tr("Saved preset “{name}”.").format(name=name))

    def rename(self, preset: Preset) -> None:
        """Ask for another name of one of the user's presets."""
        if not preset.own:
            self.heads.noted.emit(self._fixed_text(preset))
            return
        name = self.ask_name(self.tr("Rename preset"), preset.name)
        if not name or name == preset.name:
            return
        kept: list[Preset] = []
        if self.heads.session.guarded(lambda: kept.append(rename_preset(preset, name))):
            pinned = [_pin_name(kept[0]) if each == _pin_name(preset) else each for each in self._pinned()]
            settings().setValue(_PINNED, pinned)
            ring = self.heads.rings.get(self.group, ())
            self.heads.rings[self.group] = tuple(kept[0].name if each == preset.name else each for each in ring)
            self.reload()

    def _fixed_text(self, preset: Preset) -> str:
        text = self.tr("“{name}” came with Face Editor and stays. Apply it and save a preset of your own instead.")
        return text.format(name=preset.name)

    def delete(self, preset: Preset) -> None:
        """Remove one of the user's presets; the banner offers to bring it back."""
        if not preset.own:
            self.heads.noted.emit(self._fixed_text(preset))
            return
        if self.heads.session.guarded(lambda: delete_preset(preset)):
            self.reload()
            told = self.tr("Deleted the preset “{name}”.").format(name=preset.name)
            self.heads.offered.emit(told, self.tr("Undo"), lambda: self._restore(preset))

    def _restore(self, preset: Preset) -> None:
        if self.heads.session.guarded(lambda: save_preset(preset)):
            self.reload()

    # Pinned ones come first.

    def _pinned(self) -> list[str]:
        return list(settings().value(_PINNED))

    def _is_pinned(self, preset: Preset) -> bool:
        return _pin_name(preset) in self._pinned()

    def pin(self, preset: Preset, on: bool) -> None:
        """Put a preset in front of the others, or back to its place."""
        others = [name for name in self._pinned() if name != _pin_name(preset)]
        settings().setValue(_PINNED, ([*others, _pin_name(preset)] if on else others)[-MAX_PINNED:])
        self.reload()


def _pin_name(preset: Preset) -> str:
    return f"{preset.group}/{slug(preset.name)}"
