"""The panel of one group of the head: a search field and the group's sliders in sections that fold."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QScrollArea, QToolButton, QVBoxLayout, QWidget

from faceeditor.gui.colors import color
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.deferred import DeferredCalls, Throttle
from faceeditor.gui.icons import icon
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label
from faceeditor.gui.widgets.region_look import only_in
from faceeditor.gui.widgets.section import Section
from faceeditor.gui.widgets.slider_row import SliderRow
from faceeditor.head.controls import Control, controls

EXPERT_SECTIONS = ("Modes", "Skin modes", "Weights", "Coefficients")
"""Sections of single numbers: they begin folded."""
_PACE_MS = 90
"""Milliseconds between two updates during a drag."""


def group_title(group: str) -> str:
    """A group's name as a heading ("Identity")."""
    return group.capitalize()


def group_tools(heads: HeadController, group: str) -> list[QToolButton]:
    """The buttons of a group's header: random, lock, back to what was read, copy, paste."""

    def button(name: str, look: str, tip: str, act: Callable[[], object]) -> QToolButton:
        made = QToolButton()
        made.setObjectName(name)
        made.setIcon(icon(look, 18))
        made.setIconSize(QSize(18, 18))
        made.setToolTip(tip.format(group=group))
        made.setAccessibleName(tip.format(group=group))
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.clicked.connect(bound(act))
        return made

    tr = heads.tr
    random = button("random", "dice", tr("Random {group}"), lambda: heads.randomise(group))
    lock = button("lock", "unlock", tr("Lock the {group}"), lambda: heads.lock(group, lock.isChecked()))
    lock.setCheckable(True)
    reset = button("reset", "reset", tr("Reset the {group} to detected"), lambda: heads.reset_group(group))
    copy = button("copy", "copy", tr("Copy the {group}"), lambda: heads.copy(group))
    paste = button("paste", "paste", tr("Paste a copied {group}"), lambda: heads.paste(group))

    shown: list[tuple[bool, bool, bool]] = []

    def show() -> None:
        locked, changeable = heads.locked(group), heads.can_change(group)
        if shown == [(heads.ready, locked, changeable)]:
            return  # a drag triggers more than a hundred updates a second
        shown[:] = [(heads.ready, locked, changeable)]
        lock.setChecked(locked and changeable)
        lock.setEnabled(changeable)
        lock.setIcon(icon("lock" if locked and changeable else "unlock", 18))
        for each in (random, reset, paste):
            each.setEnabled(heads.ready and not locked)
        copy.setEnabled(heads.ready)

    for signal in (heads.locks_changed, heads.changed, heads.model_loaded):
        signal.connect(show)
    show()
    return [random, lock, reset, copy, paste]


class HeadPanel(QWidget):
    """Sliders of one group. What stands above the sections is added by the panels made from this one.

    Nothing is made before the head model is there and the panel is seen, and only open sections are kept up to date:
    a head that is turned moves all sliders many times a second. During a drag the other sliders are updated less often,
    which leaves more time for the face.
    """

    def __init__(self, heads: HeadController, group: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heads = heads
        self.group = group
        self.rows: dict[str, SliderRow] = {}
        self.sections: list[Section] = []
        self._controls: dict[str, Control] = {}
        self._marks: tuple[str, dict[str, float]] = ("", {})
        self._built = False
        self._stale = True
        self._deferred = DeferredCalls(self)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search the {group} sliders").format(group=group))
        self.search.setClearButtonEnabled(True)
        glass = QAction(icon("search", 16), self.tr("Search"), self.search)
        self.search.addAction(glass, QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.bar = QHBoxLayout()
        self.bar.setContentsMargins(0, 0, 8, 0)
        self.bar.setSpacing(6)
        self.bar.addWidget(self.search, 1)
        self.hint = label("", "hint")
        self.hint.setWordWrap(True)
        self.body = QWidget()
        self.column = QVBoxLayout(self.body)
        self.column.setContentsMargins(0, 0, 8, 0)
        self.column.setSpacing(4)
        self.column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.body)
        self.area = area
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(8)
        outer.addLayout(self.bar)
        outer.addWidget(self.hint)
        outer.addWidget(area, 1)
        self._throttle = Throttle(self.follow, _PACE_MS, self)
        heads.changed.connect(self._follow_hand)
        heads.locks_changed.connect(self.follow)
        heads.target_changed.connect(self.follow)
        heads.model_loaded.connect(self.follow)
        heads.session.portrait_replaced.connect(self.search.clear)
        self._focus_wanted = False
        self._show_state()

    def sizeHint(self) -> QSize:
        return QSize(296, 560)

    # What panels of a certain group do differently.

    def build_top(self) -> None:
        """Put what stands above the sections into `column` (by `add`)."""

    def refresh_top(self) -> None:
        """Show the present head above the sections."""

    def fill_section(self, title: str, column: QVBoxLayout) -> None:
        """Put what a section has beside its sliders into it, after them."""

    @property
    def pictured(self) -> bool:
        """Whether everything that it shows beside its sliders is drawn."""
        return True

    def wanted(self, found: Control) -> bool:
        """Whether a control has a slider here at present."""
        return True

    def is_symmetric(self) -> bool:
        """Whether a weight of one side takes the other side's along."""
        return False

    # Building.

    def add(self, widget: QWidget) -> None:
        """Append a widget to the panel."""
        self.column.insertWidget(self.column.count() - 1, widget)

    def _build(self) -> None:
        self._built = True
        self._controls = {each.name: each for each in controls(self.heads.model) if each.group == self.group}
        self._deferred.add(self.build_top)
        for title in dict.fromkeys(each.section for each in self._controls.values()):
            self._deferred.add(bound(self._add_section, title))
        self._deferred.add(self._filter)  # something may have been searched for meanwhile

    def _add_section(self, title: str) -> None:
        section = Section(title, lambda column: self._fill(title, column), folded=title in EXPERT_SECTIONS)
        section.opened.connect(self._refresh_soon)
        self.sections.append(section)
        self.add(section)

    def _fill(self, title: str, column: QVBoxLayout) -> None:
        for found in self._controls.values():
            if found.section == title and self.has_row(found):
                self._deferred.add(bound(self._add_row, column, found))
        self._deferred.add(lambda: self.fill_section(title, column))
        self._deferred.add(self._refresh_soon)  # widgets that are new become visible later

    @property
    def building(self) -> bool:
        """Whether sliders are still to be made."""
        return not self._built or self._deferred.busy

    def _add_row(self, column: QVBoxLayout, found: Control) -> None:
        column.addWidget(self._row(found))

    def has_row(self, found: Control) -> bool:
        """Whether a control ever has a slider here."""
        return True

    def _row(self, found: Control) -> SliderRow:
        row = SliderRow(found.title, found.low, found.high, found.default, found.unit, found.step)
        row.started.connect(lambda: self.heads.begin(found.title))
        row.moved.connect(lambda value: self.heads.set_control(found.name, value, self.is_symmetric()))
        row.ended.connect(self.heads.end)
        row.refused.connect(self.heads.session.failed)
        if not self._matches(found):
            row.hide()
        self.rows[found.name] = row
        self._show_row(found.name, row)
        return row

    def reveal(self, name: str) -> SliderRow | None:
        """Bring a control's slider into sight: its section is unfolded and scrolled to. None while there is none."""
        self._deferred.finish()
        found = self._controls.get(name)
        section = next((each for each in self.sections if found is not None and each.title == found.section), None)
        if section is None:
            return None
        section.unfold()
        self._deferred.finish()
        row = self.rows.get(name)
        if row is not None:
            self.area.ensureWidgetVisible(row)
        return row

    # Showing.

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh_soon()

    def hideEvent(self, event: QHideEvent) -> None:
        self._stale = True
        super().hideEvent(event)

    @property
    def seen(self) -> bool:
        """Whether the panel is on the screen; behind another tab it is not."""
        return self.isVisible() and not self.visibleRegion().isEmpty()

    def _refresh_soon(self) -> None:
        """After the layout has settled: only then is it known what is seen."""
        QTimer.singleShot(0, self, self.follow)

    def event(self, event: QEvent) -> bool:
        # A panel that comes to the front of its tabs is moved there, neither shown nor painted otherwise.
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Paint) and self._stale:
            self._refresh_soon()
        return super().event(event)

    def _follow_hand(self) -> None:
        if self.heads.session.portrait.busy:
            self._throttle.ask()
        else:
            self._throttle.now()

    def follow(self) -> None:
        """Show the head as it is, if the panel is seen; later otherwise."""
        if not self.seen:
            self._stale = True
            return
        self._stale = False
        if not self._built and self.heads.model is not None:
            self._build()
        self._show_state()
        self.refresh_top()
        self._refresh_rows()
        if self._focus_wanted and self._built and self.body.isEnabled():
            # Only if the keyboard has not been led elsewhere meanwhile.
            wanted, self._focus_wanted = self.area.hasFocus(), False
            if wanted:
                self.take_focus()

    def _show_state(self) -> None:
        ready = self.heads.ready
        if self.heads.model is None:
            text = self.tr("Loading the head model ...")
        elif self.heads.head is None:
            text = self.tr("Detecting the head ...")
        else:
            text = self._restriction()
        self.hint.setText(text)
        limited = ready and self.heads.target is not None
        self.hint.setStyleSheet(f"color: {color('accent').lighter(125).name()};" if limited else "")
        self.hint.setVisible(bool(text))
        self.body.setEnabled(ready and not self.heads.locked(self.group))

    def _restriction(self) -> str:
        """What keeps the panel from changing the whole face, one sentence; empty if nothing does."""
        target = self.heads.target
        if not self.heads.can_change(self.group):
            return self.tr("A head turns as a whole: the pose cannot be limited to regions.")
        if self.heads.locked(self.group):
            return self.tr("Locked.")
        return "" if target is None else only_in(target.regions)

    def _refresh_rows(self) -> None:
        for name, row in self.rows.items():
            parent = row.parentWidget()
            if not row.isHidden() and parent is not None and parent.isVisible():
                self._show_row(name, row)

    def _show_row(self, name: str, row: SliderRow) -> None:
        """Bring a slider up to date: its value, and the mark to which a reset leads."""
        head, origin, model = self.heads.head, self.heads.origin, self.heads.model
        if head is None or model is None:
            return
        found = self._controls[name]
        key = "" if origin is None else origin.key
        if key != self._marks[0]:
            self._marks = (key, {})
        marks = self._marks[1]
        if name not in marks:
            marks[name] = found.default if origin is None else found.get(origin, model)
        row.show_value(found.get(head, model), marks[name])
        if self.heads.held_back and self.heads.in_gesture:
            row.show_held(found.get(head, model))

    # The keyboard.

    def take_focus(self) -> None:
        """Give the keyboard to the first control of the panel, as soon as there is one."""
        self._focus_wanted = False
        if not self._built or not self.body.isEnabled():
            self._focus_wanted = True
            self.area.setFocus(Qt.FocusReason.TabFocusReason)
            return
        self._deferred.finish()
        tab = Qt.FocusPolicy.TabFocus
        stops = [each for each in self.body.findChildren(QWidget) if each.focusPolicy() & tab and each.isEnabled()]
        stops = [each for each in stops if each.isVisible() and not isinstance(each, QLineEdit)]
        if stops:
            first = min(stops, key=lambda each: each.mapTo(self.body, QPoint(0, 0)).toTuple()[::-1])
            first.setFocus(Qt.FocusReason.TabFocusReason)
            self.area.ensureWidgetVisible(first)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape clears the search; in an empty one it leads back to the sliders."""
        key = event.key() if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress else None
        if watched is not self.search or key != Qt.Key.Key_Escape:
            return super().eventFilter(watched, event)
        if self.search.text():
            self.search.clear()
        else:
            self.take_focus()
        return True

    # Searching.

    def _matches(self, found: Control) -> bool:
        words = self.search.text().lower().split()
        text = f"{found.title} {found.section} {found.name}".lower()
        return all(word in text for word in words) and self.wanted(found)

    def _filter(self) -> None:
        searching = bool(self.search.text().strip())
        for section in self.sections:
            found = [each for each in self._controls.values() if each.section == section.title and self._matches(each)]
            if searching and found:
                section.ensure_filled()
            section.force_open(searching and bool(found))
            section.setVisible(bool(found) or not searching)
        for name, row in self.rows.items():
            row.setVisible(self._matches(self._controls[name]))
        self.show_top(not searching)
        self._refresh_soon()

    def show_top(self, on: bool) -> None:
        """Show what stands above the sections, or not while something is searched for."""

    def refilter(self) -> None:
        """Show the sliders that are wanted now."""
        self._filter()
