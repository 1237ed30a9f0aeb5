"""Adjustments of the portrait: every change of the list becomes an edit here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from faceeditor.engine.photo_jobs import ExpressionReading, ReadExpression
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.widgets.region_look import region_name
from faceeditor.portrait.adjustments import (
    REGION_SETS,
    Adjustment,
    Adjustments,
    ColourChange,
    DetailChange,
    ExpressionChange,
    HeadChange,
    LightChange,
    RegionStyle,
    Settings,
    moved,
)
from faceeditor.portrait.document import Change, SetAdjustments, SetHead
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region


class AdjustmentController(QObject):
    """Changes the adjustments of the active face.

    Signals:
        changed: the list or an entry is another one.
        noted: a sentence worth knowing.
    """

    changed = Signal()
    noted = Signal(str)

    def __init__(self, heads: HeadController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.heads = heads
        self.session = heads.session
        self._gesture = False
        self._job: int | None = None
        self._take: Callable[[ExpressionReading], None] = lambda reading: None
        self.session.changed.connect(self._follow)
        heads.target_changed.connect(self.changed)
        self.session.portrait_replaced.connect(self.changed)
        self.session.open_work_ended.connect(self._gesture_cut)
        self.session.bridge.job_done.connect(self._job_done)
        self.session.bridge.job_failed.connect(self._job_failed)

    @property
    def adjustments(self) -> Adjustments:
        """The adjustments of the active face, in order."""
        return self.session.portrait.state().face.adjustments

    # Edits of the list.

    def add(self, name: str, settings: Settings, regions: frozenset[Region] = frozenset()) -> int:
        """Put an adjustment at the end: one undo step. Returns its index."""
        self._apply((*self.adjustments, Adjustment(name, settings, regions)), self.tr("Add {name}").format(name=name))
        return len(self.adjustments) - 1

    def add_colour(self, name: str, regions: str) -> int:
        """Add a change of colour in one of `REGION_SETS`."""
        return self.add(name, ColourChange(iris=regions == "iris"), REGION_SETS[regions])

    def use_colour(self, colour: tuple[float, float, float], region: Region) -> None:
        """Give a region and its like a picked colour, sRGB 0..1.

        The last adjustment is changed where it colours them already; else one is added. One undo step.
        """
        names = [name for name, regions in REGION_SETS.items() if region in regions]
        regions = REGION_SETS[names[0]] if names else frozenset({region})
        settings = ColourChange(colour, iris=names == ["iris"])
        entries = self.adjustments
        if entries and isinstance(entries[-1].settings, ColourChange) and entries[-1].regions == regions:
            self.change(len(entries) - 1, settings=settings)
        else:
            self.add(self.tr("Picked colour"), settings, regions)

    def add_detail(self, name: str, amount: float, regions: str) -> int:
        """Add a change of detail, -1..1, in one of `REGION_SETS`."""
        return self.add(name, DetailChange(amount), REGION_SETS[regions])

    def add_style(self, style: StyleCode, region: Region) -> int:
        """Add the look of a region from another style."""
        return self.add(style.label or self.tr("Style"), RegionStyle(style), frozenset({region}))

    def add_sliders(self, name: str, regions: frozenset[Region]) -> int | None:
        """Add sliders and styles of their own for regions, and let the panels edit them."""
        if not self._give_head():
            return None
        head = self.session.portrait.head
        if head is None:
            return None
        index = self.add(name, HeadChange.between(head, head), regions)
        self.heads.edit_adjustment(index)
        return index

    def limit_to(self, region: Region, name: str) -> None:
        """Let sliders and styles change one region: by the adjustment that is there for it, else by a new one."""
        for index, entry in enumerate(self.adjustments):
            if isinstance(entry.settings, HeadChange) and entry.regions == {region}:
                self.heads.edit_adjustment(index)
                return
        self.add_sliders(self.tr("{region} alone").format(region=name), frozenset({region}))

    def shapeless(self, regions: frozenset[Region], feather: float) -> list[Region]:
        """Those of the regions in which the head has no shape, so that no slider of identity or expression acts."""
        model = self.heads.model
        if model is None:
            return []
        return [region for region in Region if region in regions and not model.vertex_weight((region,), feather).any()]

    def take_style(self, style: StyleCode) -> bool:
        """Limit a style that was chosen to the regions of the target; False if there is none.

        It becomes the adjustment after the target, or another style of that one.
        """
        target, index = self.heads.target, self.heads.target_index
        if target is None or index is None:
            return False
        entries = self.adjustments
        after = entries[index + 1] if index + 1 < len(entries) else None
        name = style.label or self.tr("Style")
        if after is not None and isinstance(after.settings, RegionStyle) and after.regions == target.regions:
            entry = after.changed(settings=RegionStyle(style), name=name)
            changed = (*entries[: index + 1], entry, *entries[index + 2 :])
        else:
            entry = Adjustment(name, RegionStyle(style), target.regions, feather=target.feather)
            changed = (*entries[: index + 1], entry, *entries[index + 1 :])
        if not self.session.portrait.busy:
            self.session.end_open_work()
        self.session.guarded(lambda: self.session.portrait.apply(SetAdjustments(changed, name)))
        named = ", ".join(region_name(region) for region in Region if region in target.regions)
        self.noted.emit(self.tr("“{name}” only in: {regions}").format(name=name, regions=named))
        return True

    def add_light(self, name: str, regions: frozenset[Region]) -> int | None:
        """Add the present light as one of its own for regions; the light of the head can then be changed alone."""
        if not self._give_head():
            return None
        head = self.session.portrait.head
        return None if head is None else self.add(name, LightChange(head.gamma), regions)

    def remove(self, index: int) -> None:
        """Remove an entry: one undo step."""
        entries = self.adjustments
        if 0 <= index < len(entries):
            name = self.tr("Remove {name}").format(name=entries[index].name)
            self.heads.edit_adjustment(None)
            self._apply((*entries[:index], *entries[index + 1 :]), name)

    def move(self, index: int, place: int) -> None:
        """Move an entry to another place: one undo step."""
        entries = self.adjustments
        if 0 <= index < len(entries) and 0 <= place < len(entries) and index != place:
            self.heads.edit_adjustment(None)
            self._apply(moved(entries, index, place), self.tr("Reorder adjustments"))

    def change(self, index: int, **parts: Any) -> None:
        """Change parts of an entry, inside of a gesture or as an undo step of its own."""
        entries = self.adjustments
        if not 0 <= index < len(entries):
            return
        made: list[Adjustment] = []
        if self.session.guarded(lambda: made.append(entries[index].changed(**parts))):
            self._apply((*entries[:index], made[0], *entries[index + 1 :]), entries[index].name)

    # Gestures.

    def begin(self, index: int) -> None:
        """Begin a drag; what follows until `end` is one undo step."""
        if 0 <= index < len(self.adjustments):
            self.session.end_open_work()
            name = self.adjustments[index].name
            self._gesture = self.session.guarded(lambda: self.session.portrait.begin_gesture(name))

    def end(self) -> None:
        """End the drag."""
        if self._gesture:
            self._gesture = False
            self.session.portrait.commit_gesture()

    def _gesture_cut(self) -> None:
        self._gesture = False

    def _apply(self, adjustments: Adjustments, name: str) -> None:
        if not self._gesture:
            self.session.end_open_work()
        self.session.guarded(lambda: self.session.portrait.apply(SetAdjustments(adjustments, name)))

    # Expressions.

    def add_expression(self, path: Path) -> None:
        """Read the expression of a picture or portrait in the background, and add it as an adjustment."""
        name = path.stem

        def take(reading: ExpressionReading) -> None:
            if reading.note:
                self.noted.emit(reading.note)
            if self._give_head():
                settings = ExpressionChange(reading.head.expression, reading.head.gaze)
                self.add(self.tr("Expression of {name}").format(name=name), settings)

        if self._job is not None:
            self.session.bridge.cancel(self._job)
        self._take = take
        self._job = self.session.bridge.run(ReadExpression(path))
        self.noted.emit(self.tr("Reading the expression of “{name}” ...").format(name=path.name))

    def _give_head(self) -> bool:
        """See that the portrait has a head that can be changed; says so if it is not read yet."""
        portrait, head = self.session.portrait, self.heads.head
        if portrait.head is not None:
            return True
        if head is None:
            self.noted.emit(self.tr("The head is not detected yet. Wait a moment and try again."))
            return False
        self.session.end_open_work()
        return self.session.guarded(lambda: portrait.apply(SetHead(head, head, self.tr("Detect the head"))))

    def _job_done(self, job: int, result: Any) -> None:
        if job == self._job:
            self._job = None
            self._take(result)

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job == self._job:
            self._job = None
            if not isinstance(error, Cancelled):
                self.session.failed.emit(str(error))

    def _follow(self, change: Change) -> None:
        if change.other:
            self.changed.emit()
