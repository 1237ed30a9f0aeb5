"""The main window: assembles canvas, panels and commands and connects their signals."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from faceeditor.engine import EngineStatus
from faceeditor.gui.actions import Actions
from faceeditor.gui.canvas.canvas import ROTATION_STEP, Canvas
from faceeditor.gui.canvas.canvas_bar import MODES, CanvasBar
from faceeditor.gui.canvas.tools import Tool, ToolState
from faceeditor.gui.canvas.transform_bar import TransformBar
from faceeditor.gui.controllers.adjustment_controller import AdjustmentController
from faceeditor.gui.controllers.attribute_controller import AttributeController
from faceeditor.gui.controllers.board_controller import BoardController
from faceeditor.gui.controllers.file_controller import FileController
from faceeditor.gui.controllers.generator_controller import GeneratorController
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.controllers.history_pictures import HistoryPictures
from faceeditor.gui.controllers.identity_hold import IdentityHold
from faceeditor.gui.controllers.photo_controller import PhotoController
from faceeditor.gui.controllers.photograph_controller import PhotographController
from faceeditor.gui.controllers.reference_controller import ReferenceController
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.controllers.style_controller import StyleController
from faceeditor.gui.dialogs.board_page import BoardPage
from faceeditor.gui.dialogs.candidates import CandidatesDialog
from faceeditor.gui.dialogs.generators_page import GeneratorsPage
from faceeditor.gui.dialogs.keys import KeysDialog
from faceeditor.gui.dialogs.messages import MessagesDialog
from faceeditor.gui.dialogs.preferences import PreferencesDialog
from faceeditor.gui.dialogs.video_dialog import export_video
from faceeditor.gui.menus import build_menus
from faceeditor.gui.messages import Kind, Message, MessageLog
from faceeditor.gui.panels.adjustment_panel import AdjustmentPanel
from faceeditor.gui.panels.board_panel import BoardPanel
from faceeditor.gui.panels.head_panel import HeadPanel, group_title, group_tools
from faceeditor.gui.panels.head_panels import ExpressionPanel, IdentityPanel, PosePanel
from faceeditor.gui.panels.history_panel import HistoryPanel
from faceeditor.gui.panels.light_panel import LightPanel
from faceeditor.gui.panels.navigator_panel import NavigatorPanel
from faceeditor.gui.panels.reference_panel import ReferencePanel
from faceeditor.gui.panels.region_panel import RegionPanel
from faceeditor.gui.panels.status_bar import StatusBar
from faceeditor.gui.panels.style_panel import StylePanel
from faceeditor.gui.panels.timing_panel import TimingPanel
from faceeditor.gui.panels.tool_panel import ToolPanel
from faceeditor.gui.settings import settings
from faceeditor.gui.shortcuts import present_keys
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.banner import Banner
from faceeditor.gui.widgets.dock import make_dock
from faceeditor.gui.widgets.region_look import only_in, region_name
from faceeditor.interaction.view import ViewMode, roomiest_mode
from faceeditor.portrait.autosave import Autosave
from faceeditor.portrait.document import Change

if TYPE_CHECKING:
    from faceeditor.gui.dialogs.attribute_page import AttributePage

_LAYOUT_VERSION = 5
_TABS = ("style", "identity", "expression", "pose", "light")
"""The panels at the right, one behind the other."""
_ON_DEMAND = ("navigator", "reference", "timing")
"""Panels that are hidden until they are asked for."""
_REFERENCE_SIZE = QSize(340, 400)
_ON_DEMAND_HEIGHT = 280
_FIRST_SIZE, _FRAME = QSize(1440, 900), QSize(12, 40)
"""The window at first, and what the window system may put around it."""
_LEFT_WIDTH, _RIGHT_WIDTH, _TOOLS_HEIGHT = 222, 352, 240
"""Of the panels at first, in device-independent pixels."""


class MainWindow(QMainWindow):
    """Face Editor's window.

    Args:
        session: the open portrait.
        styles: its styles.
        heads: its head.
        saver: the autosave, or None.
        remember: keep geometry between two starts.
    """

    def __init__(
        self,
        session: PortraitSession,
        styles: StyleController,
        heads: HeadController,
        saver: Autosave | None = None,
        remember: bool = True,
    ) -> None:
        super().__init__()
        self.session = session
        self.styles = styles
        self.heads = heads
        self.tools = ToolState(self)
        self.messages = MessageLog(self)
        self.files = FileController(session, styles, saver, self)
        self.actions_by_name = Actions(self, present_keys() if remember else None)
        self._remember = remember
        self._hidden: list[QDockWidget] = []
        self._front: list[QDockWidget] = []  # of the hidden ones those in front of their tabs
        self._device = ""
        self._photo_shown = False
        self._mode_before = ViewMode.SIDE_BY_SIDE
        self._mode_chosen = False  # by the user, now or at an earlier start
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self._build_middle()
        self._build_docks()
        self.status = StatusBar(session, styles, self)
        self.status.follow_work(heads, heads.cancel_work)
        self.status.follow_work(self.board, self.board.stop)
        self.status.follow_person(self.board)
        self.status.follow_hold(self.hold, self.actions_by_name["hold_identity"])
        self.board_panel.controls.meter.follow(self.hold)
        self.status.follow_work(self.photographs, self.photographs.cancel_work)
        self.status.follow_drawing(self._drawing)
        self.setStatusBar(self.status)
        build_menus(self, self.actions_by_name, self.docks.values(), self.heads, self.files.open_path)
        self._connect()
        self.resize(first_size(self.screen().availableSize()))
        if remember:
            self._restore_geometry()
        self._show_tools()
        self._show_portrait()
        self.canvas.setFocus()

    # Building.

    def _build_middle(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.canvas = Canvas(self.session, self.tools)
        self.canvas.set_head_controller(self.heads)
        self.photographs = PhotographController(self.session, self.canvas)
        self.files.photographs = self.photographs
        self.photos = PhotoController(self.styles, self.heads, self.canvas, self.files.edit_photograph)
        self.files.offer_photo = self.photos.offer
        self.files.paste_group = self.heads.paste
        self.board = BoardController(self.session, self.heads, parent=self)
        self.board.found_photo = self.photographs.found_face
        self.board_page: BoardPage | None = None
        self.hold = IdentityHold(self.heads, self.board, self)
        self.generators = GeneratorController(self.session.bridge, self)
        self.generators_page: GeneratorsPage | None = None
        self.files.offer_generator = self.import_generator
        self.attributes = AttributeController(self.session, self.heads, self.photographs, self)
        self.attribute_page: AttributePage | None = None
        self.bar = CanvasBar(self.canvas, self.actions_by_name)
        self.transform_bar = TransformBar(self.canvas.selecting, self.tools)
        self.transform_bar.left.connect(self.canvas.setFocus)
        self.bars = QStackedWidget()
        self.bars.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.bars.addWidget(self.bar)
        self.bars.addWidget(self.transform_bar)
        self.canvas.selecting.transform_changed.connect(self._show_bar)
        column.addWidget(self.bars)
        column.addWidget(self.canvas, 1)
        self.banner = Banner(self.canvas)
        self.canvas.installEventFilter(self)
        self.setCentralWidget(middle)

    def _build_docks(self) -> None:
        actions = self.actions_by_name
        self.tool_panel = ToolPanel(self.tools, actions.tools, actions["symmetry"])
        self.region_panel = RegionPanel(self.tools, actions["swap"])
        self.style_panel = StylePanel(self.styles, self.tools, actions["new_style"], actions["photo"])
        self.head_panels: dict[str, HeadPanel] = {
            "identity": IdentityPanel(self.heads),
            "expression": ExpressionPanel(self.heads),
            "pose": PosePanel(self.heads),
            "light": LightPanel(self.heads),
        }
        self.history_pictures = HistoryPictures(self.session, self.photographs, self)
        self.history_panel = HistoryPanel(self.session, self.history_pictures)
        self.adjustments = AdjustmentController(self.heads, self)
        self.styles.take = self.adjustments.take_style
        self.adjustment_panel = AdjustmentPanel(
            self.adjustments, self.styles, self.files.ask_face, lambda: self.tools.region
        )
        self.board_panel = BoardPanel(self.board, self.show_board)
        self.docks = {
            "tools": make_dock(self, "tools", self.tr("Tools"), self.tool_panel),
            "regions": make_dock(self, "regions", self.tr("Regions"), self.region_panel, scroll=True),
            "style": make_dock(self, "style", self.tr("Style"), self.style_panel, scroll=True),
            "history": make_dock(self, "history", self.tr("History"), self.history_panel),
            "adjust": make_dock(self, "adjust", self.tr("Adjust"), self.adjustment_panel, scroll=True),
            "person": make_dock(self, "person", self.tr("Person"), self.board_panel, scroll=True),
        }
        self.navigator = NavigatorPanel(self.canvas, actions)
        self.reference = ReferenceController(self.session, self._remember, self)
        self.reference_panel = ReferencePanel(
            self.reference, self.tools, self.files.ask_photo, self.adjustments.use_colour
        )
        self.timing_panel = TimingPanel(self.session.meter)
        self.docks |= {
            "navigator": make_dock(self, "navigator", self.tr("Navigator"), self.navigator),
            "reference": make_dock(self, "reference", self.tr("Reference"), self.reference_panel),
            "timing": make_dock(self, "timing", self.tr("Timing"), self.timing_panel),
        }
        self.docks["person"].visibilityChanged.connect(self.board_panel.set_seen)
        for group, panel in self.head_panels.items():
            tools = group_tools(self.heads, group)
            self.docks[group] = make_dock(self, group, group_title(group), panel, tools=tools)
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        for area in (left, right):
            self.setTabPosition(area, QTabWidget.TabPosition.North)
        self.setCorner(Qt.Corner.BottomLeftCorner, left)
        self.setCorner(Qt.Corner.BottomRightCorner, right)
        self._arrange_docks()

    def _arrange_docks(self) -> None:
        """Put every panel where it is at first: the whole middle is left to the picture."""
        docks = self.docks
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        # Taken out first: docks that are only moved leave the room that they had.
        for dock in docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        self.addDockWidget(left, docks["tools"])
        self.addDockWidget(left, docks["regions"])
        self.tabifyDockWidget(docks["regions"], docks["history"])
        self.tabifyDockWidget(docks["regions"], docks["person"])
        self.addDockWidget(right, docks["style"])
        for name in (*_TABS[1:], "adjust"):
            self.tabifyDockWidget(docks["style"], docks[name])
        self.addDockWidget(right, docks["navigator"])
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, docks["timing"])
        self.addDockWidget(right, docks["reference"])
        docks["reference"].setFloating(True)
        docks["reference"].resize(_REFERENCE_SIZE)
        self._reference_placed = False
        for name, dock in docks.items():
            dock.setVisible(name not in _ON_DEMAND)
        docks["regions"].raise_()
        docks["style"].raise_()
        self._set_up_tabs()
        self.resizeDocks([docks["tools"], docks["style"]], [_LEFT_WIDTH, _RIGHT_WIDTH], Qt.Orientation.Horizontal)
        self.resizeDocks([docks["tools"], docks["regions"]], [_TOOLS_HEIGHT, 2000], Qt.Orientation.Vertical)

    def _tab_bars(self) -> list[QTabBar]:
        return self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)

    def _set_up_tabs(self) -> None:
        """Make the tabs of the panels as wide as their words, and reachable by the keyboard."""
        for bar in self._tab_bars():
            bar.setExpanding(False)
            bar.setUsesScrollButtons(True)
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            bar.setDrawBase(False)
            bar.setDocumentMode(True)
            bar.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            bar.setAccessibleName(self.tr("Panels"))

    def _connect(self) -> None:
        actions, session, files, styles = self.actions_by_name, self.session, self.files, self.styles
        heads = self.heads
        handlers: dict[str, Callable[[], object]] = {
            "new": files.new_from_sample, "open": files.open, "save": files.save, "save_as": files.save_as,
            "export": files.export, "copy_face": files.copy_face, "paste": files.paste, "quit": self.close,
            "undo": session.undo, "redo": session.redo, "mirror": session.mirror_mask,
            "clear_region": self.canvas.clear_selected, "transform": self.canvas.selecting.begin_by_command,
            "select_all": self.canvas.selecting.select_all, "deselect": self.canvas.selecting.deselect,
            "invert_selection": self.canvas.selecting.invert, "select_region": self.canvas.selecting.select_region,
            "smaller": lambda: self.tools.grow(-1), "larger": lambda: self.tools.grow(1),
            "swap": self.tools.swap_regions, "new_style": lambda: styles.draw(), "photo": files.open_photo,
            "candidates": self.show_candidates,
            "open_photograph": files.open_photograph,
            "pin": session.pin_before, "fit": self.canvas.fit, "actual": self.canvas.actual_size,
            "zoom_in": lambda: self.canvas.zoom_by(1.25), "zoom_out": lambda: self.canvas.zoom_by(0.8),
            "randomise": lambda: heads.randomise(), "reset_pose": lambda: heads.reset_group("pose"),
            "reset_head": heads.reset_all, "video": self.export_video,
            "head_photo": lambda: self._ask_photo(self.tr("Use from a photo"), self.photos.offer),
            "embed": lambda: self._ask_photo(self.tr("Reconstruct photo"), heads.embed_photo),
            **{f"random_{group}": bound(heads.randomise, group) for group in self.head_panels},
            **{f"panel_{name}": bound(self.show_panel, name) for name in _TABS},
            "generators": self.show_generators, "attributes": self.show_attributes, "board": self.show_board,
            **{f"panel_{name}": bound(self.toggle_panel, name) for name in _ON_DEMAND},
            "panel_person": bound(self.show_panel, "person"), "panel_adjust": bound(self.show_panel, "adjust"),
            "clear_comb": self.canvas.clear_comb, "flip": self.canvas.flip,
            "rotate_left": lambda: self.canvas.rotate(-ROTATION_STEP),
            "rotate_right": lambda: self.canvas.rotate(ROTATION_STEP), "upright": self.canvas.reset_rotation,
            "next_panel": self._next_panel, "reset_panels": self.reset_panels, "keys": self.show_keys,
            "messages": self.show_messages, "preferences": self.show_preferences,
        }  # fmt: skip
        for name, handler in handlers.items():
            actions[name].triggered.connect(bound(handler))
        actions["symmetry"].triggered.connect(self.tools.set_symmetry)
        actions["hold_identity"].triggered.connect(self.hold.set_on)
        actions["limit"].triggered.connect(self._limit)
        heads.target_changed.connect(self._show_limit)
        actions["smooth_outlines"].setChecked(True)
        actions["smooth_outlines"].toggled.connect(self.canvas.set_smooth_outlines)
        for tool in Tool:
            actions[tool.value].triggered.connect(bound(self.tools.set_tool, tool))
        for action, mode in zip(actions.modes, MODES, strict=True):
            focus = mode is ViewMode.FOCUS
            action.triggered.connect(bound(self.canvas.next_focus) if focus else bound(self.canvas.set_mode, mode))
        self.tools.changed.connect(self._show_tools)
        self.canvas.hovered.connect(self.status.show_hover)
        self.canvas.hint_changed.connect(self.status.show_hint)
        self.canvas.panels_toggled.connect(self.toggle_panels)
        session.failed.connect(self.messages.problem)
        session.recovered.connect(self.banner.dismiss)
        self.photographs.opened.connect(files.adopt_photograph)
        self.photographs.changed.connect(self._show_photo)
        self.photographs.exported.connect(files.note_saved)
        self.canvas.face_chosen.connect(self.photographs.choose_face)
        speakers = (styles, heads, self.adjustments, self.board, self.hold, files, self.photographs)
        for noted in (speaker.noted for speaker in speakers):
            noted.connect(self.messages.note)
        for asked in (heads.asked, files.asked):
            asked.connect(self.banner.show_question)
        for offered in (heads.offered, styles.offered):
            offered.connect(self.banner.show_offer)
        self.messages.added.connect(self._show_message)
        files.files_changed.connect(self._show_portrait)
        session.portrait_replaced.connect(self._show_portrait)
        session.changed.connect(self._follow)
        session.status_changed.connect(self._show_engine)

    def _ask_photo(self, title: str, take: Callable[[Path], None]) -> None:
        """Ask for a photo and pass it to `take`."""
        path = self.files.ask_photo(title)
        if path is not None:
            take(path)

    def _show_limit(self) -> None:
        target = self.heads.target
        self.actions_by_name["limit"].setChecked(target is not None)
        self.style_panel.limit.setText("" if target is None else only_in(target.regions))

    def _limit(self, on: bool) -> None:
        """Limit sliders and styles to the region that is painted with, or no longer."""
        if on:
            self.adjustments.limit_to(self.tools.region, region_name(self.tools.region))
        else:
            self.heads.edit_adjustment(None)
        self.actions_by_name["limit"].setChecked(self.heads.target is not None)

    def show_attributes(self) -> "AttributePage":
        """Show the page that changes attributes."""
        # Imported here: it loads pyqtgraph.
        from faceeditor.gui.dialogs.attribute_page import AttributePage

        if self.attribute_page is None:
            self.attribute_page = AttributePage(
                self.attributes, self.hold, self.photos.offer, self.files.ask_photo, self
            )
        self.attribute_page.show()
        self.attribute_page.raise_()
        return self.attribute_page

    def export_video(self) -> None:
        """Show the dialog that makes a turntable or a morph."""
        ask_save, ask_open = self.files.ask_save, self.files.ask_open
        written = export_video(self.session, self.styles, self.heads, ask_save, ask_open, self)
        if written is not None:
            self.messages.note(self.tr("Saved “{name}”.").format(name=written.name))

    def show_board(self) -> None:
        """Show the full board; it is made of the person of the portrait if none is pinned yet."""
        if self.board_page is None:
            self.board_page = BoardPage(self.board, self)
        self.board_page.open()
        if self.board.pinned is None:
            self.board.pin()

    def show_generators(self) -> GeneratorsPage:
        """Show the page of imported generators."""
        if self.generators_page is None:
            self.generators_page = GeneratorsPage(self.generators, self.photos.offer, self)
        self.generators_page.open()
        return self.generators_page

    def import_generator(self, path: Path) -> None:
        """Import a generator that was dropped, on its page."""
        self.show_generators().import_from(path)

    # Showing.

    def _show_message(self, message: Message) -> None:
        (self.banner.show_problem if message.kind is Kind.PROBLEM else self.banner.show_note)(message.text)

    def _drawing(self) -> tuple[bool, object]:
        """Whether the picture is older than the portrait, and the picture."""
        photo = self.photographs
        behind = photo.behind if photo.source is not None else not self.session.up_to_date
        return behind, (photo.picture, self.session.frame)

    def _follow(self, change: Change) -> None:
        if change.history or not self.isWindowModified():
            self._show_portrait()

    def _show_portrait(self) -> None:
        portrait = self.session.portrait
        self.setWindowTitle(f"{self.session.title}[*] – Face Editor")
        self.setWindowModified(portrait.modified)
        self.actions_by_name["undo"].setEnabled(portrait.can_undo or portrait.busy)
        self.actions_by_name["redo"].setEnabled(portrait.can_redo)

    def _show_photo(self) -> None:
        """A photograph is looked at without its mask; the slider in the bar brings that back."""
        shown = self.canvas.photo.shown
        if shown and not self._photo_shown:
            self._mode_before = self.canvas.mode
            self.canvas.set_mode(ViewMode.OVERLAY)
            self.bar.opacity.setValue(0)
        elif not shown and self._photo_shown:
            self.canvas.set_mode(self._mode_before)
            self.bar.opacity.setValue(50)
        self._photo_shown = shown

    def _show_bar(self) -> None:
        """The numbers of a transform stand in place of the bar of the views while one is open."""
        self.bars.setCurrentWidget(self.transform_bar if self.canvas.selecting.transforming else self.bar)

    def _show_tools(self) -> None:
        self.actions_by_name[self.tools.tool.value].setChecked(True)
        self.actions_by_name["symmetry"].setChecked(self.tools.symmetry)

    def _show_engine(self, status: EngineStatus) -> None:
        if status.failed:
            self.canvas.set_loading_text(
                self.tr("The generator could not be loaded"), self.tr("Painting and saving still work.")
            )
            self.messages.problem(status.message)
        elif status.ready:
            if self._device and status.device != self._device:
                self.messages.note(status.message)  # a device failed and another one goes on
            self._device = status.device

    def show_candidates(self) -> None:
        """Let the user choose one of several new styles."""
        dialog = CandidatesDialog(self.styles, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.exec()

    def show_messages(self) -> None:
        """Show the list of past messages."""
        dialog = MessagesDialog(self.messages, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.exec()

    def show_keys(self) -> None:
        """Show the list of keyboard shortcuts."""
        sheet = KeysDialog(self.actions_by_name, lambda: self.show_preferences(shortcuts=True), self)
        sheet.finished.connect(sheet.deleteLater)
        sheet.exec()

    def show_preferences(self, shortcuts: bool = False) -> None:
        """Show the preferences, or their table of shortcuts."""
        dialog = PreferencesDialog(self.actions_by_name, self.reset_panels, self)
        if shortcuts:
            dialog.show_shortcuts()
        dialog.finished.connect(dialog.deleteLater)
        dialog.exec()

    # Panels.

    def toggle_panels(self) -> None:
        """Hide all panels, or bring back those that were hidden."""
        shown = [dock for dock in self.docks.values() if dock.isVisible()]
        if shown:
            self._hidden = shown
        front = [dock for dock in shown if not dock.visibleRegion().isEmpty()]
        if shown:
            self._front = front
        usual = [dock for name, dock in self.docks.items() if name not in _ON_DEMAND]
        for dock in shown or self._hidden or usual:
            dock.setVisible(not shown)
        if not shown:
            for dock in self._front:
                dock.raise_()
        self.bars.setVisible(not shown)
        self.canvas.setFocus()

    def reset_panels(self) -> None:
        """Put all panels back where they were at first."""
        self._arrange_docks()
        self.bars.show()
        QTimer.singleShot(0, self, self._show_tabs)

    def _show_tabs(self) -> None:
        """Show the tabs of panels that were taken out and put back: Qt lays their bars out and leaves them hidden."""
        for bar in self._tab_bars():
            bar.setVisible(bar.count() > 1)

    def show_panel(self, name: str) -> None:
        """Raise a panel and give it the keyboard focus."""
        dock = self.docks[name]
        dock.show()
        dock.raise_()
        if name in self.head_panels:
            self.head_panels[name].take_focus()
        elif name == "adjust":
            self.adjustment_panel.add_button.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.style_panel.draw_button.setFocus(Qt.FocusReason.TabFocusReason)

    def toggle_panel(self, name: str) -> None:
        """Show a panel that is hidden until it is asked for, or hide it again."""
        dock = self.docks[name]
        dock.setVisible(not dock.isVisible())
        if dock.isVisible() and not dock.isFloating():
            tools = self.docks["tools"]  # Qt shares out the height of the other side, too
            heights = [_ON_DEMAND_HEIGHT, tools.height()]
            self.resizeDocks([dock, tools], heights, Qt.Orientation.Vertical)
        if name == "reference" and dock.isFloating() and not self._reference_placed:
            self._reference_placed = True
            self._place_reference()
        dock.raise_()

    def _place_reference(self) -> None:
        """Put the reference where it covers nothing: below the small picture, or else into the upper right corner."""
        dock, canvas = self.docks["reference"], self.canvas
        small = next(iter(canvas.small_boxes.values()), None)
        place, size = QPoint(canvas.width() - dock.width() - 16, 48), dock.size()
        if small is not None and len(canvas.small_boxes) == 1 and small.x > 0:
            place = QPoint(round(small.x) + 4, round(small.bottom) + 8)
            size = QSize(round(small.width) - 8, min(canvas.height() - place.y() - 8, _REFERENCE_SIZE.height()))
            size = size.expandedTo(dock.minimumSizeHint())
        dock.resize(size)
        dock.move(canvas.mapToGlobal(place))

    def _next_panel(self) -> None:
        """Move the keyboard focus from the canvas through the panels and back."""
        stops: list[QWidget] = [
            self.canvas,
            self.tool_panel.brush_size,
            self.region_panel.buttons[self.tools.region],
            self.style_panel.draw_button,
            *(panel.search for panel in self.head_panels.values()),
            self.adjustment_panel.add_button,
            self.history_panel.list,
        ]
        stops = [stop for stop in stops if stop.isVisible() and not stop.visibleRegion().isEmpty()]
        focused = self.focusWidget()
        here = 0
        for index, stop in enumerate(stops):
            panel = stop if stop is self.canvas else stop.parentWidget()
            if focused is not None and (focused is stop or (panel is not None and panel.isAncestorOf(focused))):
                here = index
        stops[(here + 1) % len(stops)].setFocus(Qt.FocusReason.TabFocusReason)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Move the focus on, past everything in panels that are hidden or behind another tab."""
        first = self.focusWidget()
        while super().focusNextPrevChild(forward):
            focused = self.focusWidget()
            dock = _dock_of(focused)
            if dock is None or not dock.visibleRegion().isEmpty():
                _scroll_to(focused)
                return True
            if focused is first:
                break
        return False

    def _restore_geometry(self) -> None:
        kept = settings()
        geometry, state = kept.value("geometry"), kept.value("panels")
        if geometry:
            self.restoreGeometry(QByteArray(geometry))
        if state:
            self._reference_placed = self.restoreState(QByteArray(state), _LAYOUT_VERSION)
        self.tools.set_stabiliser(kept.value("brush/stabiliser"))
        self.actions_by_name["smooth_outlines"].setChecked(kept.value("view/smooth_outlines"))
        mode = kept.value("view/mode")
        if mode in (each.value for each in MODES):
            self.canvas.set_mode(ViewMode(mode))
            self._mode_chosen = True

    # Events.

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._mode_chosen:
            self._mode_chosen = True
            self.canvas.set_mode(roomiest_mode(self.canvas.width(), self.canvas.height()))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if watched is self.canvas and event.type() == QEvent.Type.Resize and isinstance(event, QResizeEvent):
            self.banner.place()
        return False

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.canvas.finish()
        super().changeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.files.can_take(event.mimeData()):
            event.acceptProposedAction()
            self.canvas.set_drop_text(self.tr("Drop to open"))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.canvas.set_drop_text("")
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.canvas.set_drop_text("")
        dropped = event.mimeData()
        if not self.files.can_take(dropped):
            return
        event.acceptProposedAction()
        data = QMimeData()
        data.setUrls(dropped.urls())
        if dropped.hasImage():
            data.setImageData(dropped.imageData())
        # After the drop is over: a question may follow, and the other program must not wait for it.
        QTimer.singleShot(0, self, lambda: self.files.take_data(data))

    def closeEvent(self, event: QCloseEvent) -> None:
        self.canvas.finish()
        if not self.files.may_replace():
            event.ignore()
            return
        if self._remember:
            kept = settings()
            kept.setValue("geometry", self.saveGeometry().data())
            mode = self._mode_before if self._photo_shown else self.canvas.mode
            kept.setValue("view/mode", mode.value)
            kept.setValue("brush/stabiliser", self.tools.stabiliser)
            kept.setValue("view/smooth_outlines", self.canvas.smooth_outlines)
            if any(dock.isVisible() for dock in self.docks.values()):
                kept.setValue("panels", self.saveState(_LAYOUT_VERSION).data())
        self.shut_down()
        super().closeEvent(event)

    def shut_down(self) -> None:
        """Stop the engine and the autosave; nothing runs any more when this returns."""
        self.photographs.close()
        self.session.close()
        if self.files.saver is not None:
            self.files.saver.close()


def first_size(screen: QSize) -> QSize:
    """How large the window is at first, on a screen with this much room: never larger than that."""
    return _FIRST_SIZE.boundedTo(screen - _FRAME)


def _dock_of(widget: QWidget | None) -> QDockWidget | None:
    """The panel that holds a widget."""
    while widget is not None and not isinstance(widget, QDockWidget):
        widget = widget.parentWidget()
    return widget


def _scroll_to(widget: QWidget | None) -> None:
    """Scroll every area around a widget so that it is seen."""
    parent = None if widget is None else widget.parentWidget()
    while parent is not None and widget is not None:
        if isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(widget)
        parent = parent.parentWidget()
