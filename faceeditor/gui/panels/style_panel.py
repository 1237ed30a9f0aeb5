"""The style panel: new styles, recent ones, blend, variety, a style from a photo, a style for one region."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.canvas.tools import ToolState
from faceeditor.gui.colors import color
from faceeditor.gui.controllers.style_controller import StyleController
from faceeditor.gui.icons import icon
from faceeditor.gui.widgets.basic import label, rule
from faceeditor.gui.widgets.region_look import region_name
from faceeditor.gui.widgets.segments import Segments
from faceeditor.gui.widgets.slider_row import SliderRow
from faceeditor.gui.widgets.style_thumb import STYLE_MIME, THUMB_SIDE, StyleThumb
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region

COLUMNS = 4
MAX_VARIETY = 1.3
"""Beyond it faces look posterised."""
_ROWS = 3
"""Rows of recent styles that are seen at once: what lies below stays where it is when styles are added."""


class PartnerSlot(StyleThumb):
    """The place for the second style of a blend; a style can be dropped on it."""

    def __init__(self, styles: StyleController, parent: QWidget | None = None) -> None:
        super().__init__(44, parent)
        self._styles = styles
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(STYLE_MIME):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        key = bytes(event.mimeData().data(STYLE_MIME).data()).decode()
        style = next((style for style in self._styles.recent if style.key == key), None)
        if style is not None:
            self._styles.choose_partner(style)
            event.acceptProposedAction()


class StylePanel(QWidget):
    """Everything about the style of the portrait."""

    def __init__(
        self,
        styles: StyleController,
        tools: ToolState,
        new_style: QAction,
        photo: QAction,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._styles = styles
        self._tools = tools
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(12)
        column.addWidget(self._draw_button(new_style))
        column.addLayout(self._recent_section())
        column.addWidget(rule())
        column.addLayout(self._blend_section())
        column.addWidget(rule())
        column.addWidget(self._variety_section())
        column.addWidget(self._fits_box())
        column.addWidget(rule())
        column.addLayout(self._photo_section(photo))
        column.addStretch(1)
        styles.thumbnail_side = max(styles.thumbnail_side, round(THUMB_SIDE * self.devicePixelRatioF()))
        styles.changed.connect(self.refresh)
        styles.thumbnails_changed.connect(self.refresh)
        tools.changed.connect(self._show_target)
        self._show_target()
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(288, 560)

    @property
    def target(self) -> Region | None:
        """The region that a style is applied to; None for the whole face."""
        return self._tools.region if self.segments.current() == 1 else None

    def _draw_button(self, action: QAction) -> QPushButton:
        button = QPushButton(" " + self.tr("New style"))
        button.setObjectName("primary")
        button.setIcon(icon("new-style", 18))
        button.setIconSize(QSize(18, 18))
        button.setMinimumHeight(34)
        button.setToolTip(action.toolTip())
        action.changed.connect(lambda: button.setToolTip(action.toolTip()))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(action.trigger)
        self.draw_button = button
        return button

    def _recent_section(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(label(self.tr("Recent styles"), "sectionTitle"))
        head.addStretch(1)
        self.limit = label("", "hint")
        self.limit.setStyleSheet(f"color: {color('accent').lighter(125).name()};")
        self.limit.setToolTip(self.tr("Styles change these regions alone; Ctrl+L ends that"))
        head.addWidget(self.limit)
        column.addLayout(head)
        self.segments = Segments([self.tr("Whole face"), self.tr("One region")])
        self.segments.set_current(0)
        self.segments.setToolTip(self.tr("What a click on a style applies to"))
        column.addWidget(self.segments)
        sheet = QWidget()
        self._grid = QGridLayout(sheet)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.thumbs: list[StyleThumb] = []
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(sheet)
        side = THUMB_SIDE + self._grid.spacing()
        area.setFixedHeight(_ROWS * side)
        area.setMinimumWidth(COLUMNS * side + area.verticalScrollBar().sizeHint().width())
        column.addWidget(area)
        return column

    def _blend_section(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        self.blend = self._slider(self.tr("Blend"), 1.0, 0.0, self._styles.set_blend)
        self.base = StyleThumb(44)
        self.base.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.partner = PartnerSlot(self._styles)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.base)
        row.addWidget(self.blend, 1)
        row.addWidget(self.partner)
        column.addLayout(row)
        self._choose_hint = self.tr("Ctrl+click a recent style, or drag it here, to blend with it.")
        self._drag_hint = self.tr("Drag from the left style to the right one.")
        self._blend_hint = label(self._choose_hint, "hint")
        self._blend_hint.setWordWrap(True)
        column.addWidget(self._blend_hint)
        return column

    def _variety_section(self) -> SliderRow:
        self.variety = self._slider(self.tr("Variety"), MAX_VARIETY, 1.0, self._styles.set_truncation)
        self.variety.setToolTip(
            self.tr("0 %: a plain person; 100 %: the style as it is; more: bolder. Double-click: 100 %.")
        )
        return self.variety

    def _slider(self, title: str, high: float, default: float, move: Callable[[float], None]) -> SliderRow:
        """A slider in per cent whose drag is one undo step."""
        row = SliderRow(title, 0.0, high, default, "%", 0.01)
        row.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard to the canvas
        row.started.connect(lambda: self._styles.begin(title))
        row.moved.connect(move)
        row.ended.connect(self._styles.end)
        row.refused.connect(self._styles.session.failed)
        return row

    def _fits_box(self) -> QCheckBox:
        box = QCheckBox(self.tr("Fits the mask"))
        box.setChecked(self._styles.fits_mask)
        box.setToolTip(self.tr("New styles are of people whom the mask suggests: hair, beards and clothes go with it"))
        box.toggled.connect(self._set_fits)
        self.fits_box = box
        return box

    def _set_fits(self, on: bool) -> None:
        self._styles.fits_mask = on

    def _photo_section(self, action: QAction) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(label(self.tr("Style from a photo"), "sectionTitle"))
        button = QPushButton(" " + self.tr("Choose a photo ..."))
        button.setIcon(icon("photo", 18))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(action.trigger)
        column.addWidget(button)
        hint = label(self.tr("or drop one anywhere on the window"), "hint")
        hint.setWordWrap(True)
        column.addWidget(hint)
        return column

    def _show_target(self) -> None:
        name = region_name(self._tools.region)
        self.segments.button(1).setText(self.tr("{region} only").format(region=name))

    def refresh(self) -> None:
        """Show the portrait's styles as they are now."""
        styles = self._styles
        recent = styles.recent
        while len(self.thumbs) < len(recent):
            self._add_thumb()
        current = styles.session.portrait.style.key
        focused = next((thumb.style_code for thumb in self.thumbs if thumb.hasFocus()), None)
        for index, thumb in enumerate(self.thumbs):
            if index < len(recent):
                style = recent[index]
                thumb.show_style(style, styles.picture(style), style.key == current, styles.is_pinned(style))
            thumb.setVisible(index < len(recent))
            if focused is not None and index < len(recent) and recent[index].key == focused.key:
                thumb.setFocus()  # its keys act on the style that was clicked, wherever that is now
        blend = styles.blend
        self.base.show_style(blend.base, styles.picture(blend.base))
        self.partner.show_style(blend.partner, None if blend.partner is None else styles.picture(blend.partner))
        self.blend.setEnabled(blend.partner is not None)
        self.blend.show_value(blend.t, 0.0)
        self._blend_hint.setText(self._choose_hint if blend.partner is None else self._drag_hint)
        self.variety.show_value(styles.session.portrait.truncation, 1.0)

    def _add_thumb(self) -> None:
        thumb = StyleThumb()
        thumb.applied.connect(lambda: self._apply(thumb.style_code))
        thumb.partnered.connect(lambda: self._choose_partner(thumb.style_code))
        thumb.menu_wanted.connect(lambda at: self._menu(thumb.style_code, at))
        thumb.keys.rename_wanted.connect(lambda: self._rename(thumb.style_code))
        thumb.keys.delete_wanted.connect(lambda: self._delete(thumb.style_code))
        index = len(self.thumbs)
        self.thumbs.append(thumb)
        self._grid.addWidget(thumb, index // COLUMNS, index % COLUMNS)

    def _apply(self, style: StyleCode | None) -> None:
        if style is not None:
            self._styles.apply(style, self.target)

    def _choose_partner(self, style: StyleCode | None) -> None:
        if style is not None:
            self._styles.choose_partner(style)

    def _menu(self, style: StyleCode | None, at: QPoint) -> None:
        if style is not None:
            menu = self.build_menu(style)
            menu.exec(at)
            menu.deleteLater()

    def build_menu(self, style: StyleCode) -> QMenu:
        """The menu of a style."""
        menu = QMenu(self)
        menu.addAction(self.tr("Use for the whole face"), lambda: self._styles.apply(style))
        region = self._tools.region
        text = self.tr("Use for {region} only").format(region=region_name(region).lower())
        menu.addAction(text, lambda: self._styles.apply(style, region))
        menu.addSeparator()
        menu.addAction(self.tr("Blend with this style"), lambda: self._styles.choose_partner(style))
        menu.addSeparator()
        pinned = self._styles.is_pinned(style)
        text = self.tr("Unpin") if pinned else self.tr("Pin for all portraits")
        pin = menu.addAction(text, lambda: self._styles.pin(style, not pinned))
        pin.setToolTip(self.tr("Pinned styles come first, in every portrait"))
        menu.setToolTipsVisible(True)
        menu.addAction(self.tr("Rename ...") + "\tF2", lambda: self._rename(style))
        menu.addAction(self.tr("Delete") + "\tDel", lambda: self._delete(style))
        return menu

    def ask_name(self, present: str) -> str:
        """Ask for another name of a style; empty if the user cancels."""
        text, good = QInputDialog.getText(self, self.tr("Rename style"), self.tr("Name of the style:"), text=present)
        return text.strip() if good else ""

    def _rename(self, style: StyleCode | None) -> None:
        if style is not None:
            self._styles.rename(style, self.ask_name(style.label))

    def _delete(self, style: StyleCode | None) -> None:
        if style is not None:
            self._styles.delete(style)
