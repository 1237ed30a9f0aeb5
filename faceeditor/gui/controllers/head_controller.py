"""Controller of the head: turns gestures on identity, expression, pose and light into edits."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from faceeditor.engine import EmbedPhoto, PhotoReading, ReadPhoto, RenderRequest
from faceeditor.engine.jobs import Job
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.generators.head_prior import HeadPrior
from faceeditor.gui.controllers.bridge import EmitPreview
from faceeditor.gui.controllers.head_reader import HeadReader
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.head.controls import control, set_back, settled
from faceeditor.head.model import HeadModel
from faceeditor.head.presets import Preset, random_group
from faceeditor.identity.variation import Variation
from faceeditor.interaction.head_values import group_from_text, group_to_text
from faceeditor.interaction.preset_mix import Mix, PresetMixer
from faceeditor.portrait.adjustments import Adjustment, HeadChange
from faceeditor.portrait.document import Change, Edit, ReplaceMask, SetAdjustments, SetHead, SetStyle
from faceeditor.portrait.expressions import neutral
from faceeditor.portrait.head import GROUPS, HeadCoefficients

EMBED_STEPS = 60
"""Steps that a photo's style is optimised for."""


class HeadController(QObject):
    """Changes the head of the session's portrait.

    While the portrait has no head, the one that was read from its face stands for it; the first change makes it the
    portrait's base. A locked group is not changed by any method of the controller.

    While an adjustment is the target (`edit_adjustment`), everything goes into it and so only into its regions: what
    is shown is the head with the adjustment, and resets lead back to the head without it. A pose cannot be limited.

    Signals:
        changed: the head that is shown is another one.
        read: the head of the face was read.
        model_loaded: `model` is there.
        locks_changed: a group was locked or unlocked, or can be changed (no longer).
        target_changed: another adjustment is the target, or none.
        noted: a sentence worth knowing.
        asked: a sentence, the text of a button, and what to call when it is pressed.
        offered: as `asked`, for what can be left without an answer.
        work_started: a sentence on long work that began.
        work_progress: fraction 0..1.
        work_ended: the long work is over, whatever its outcome.
        work_preview_ready: (256, 256, 3) uint8, how far the picture of long work is.
    """

    changed = Signal()
    read = Signal()
    model_loaded = Signal()
    locks_changed = Signal()
    target_changed = Signal()
    noted = Signal(str)
    asked = Signal(str, str, object)
    offered = Signal(str, str, object)
    work_started = Signal(str)
    work_progress = Signal(float)
    work_ended = Signal()
    work_preview_ready = Signal(object)

    def __init__(
        self,
        session: PortraitSession,
        load_model: Callable[[], HeadModel] = HeadModel.load,
        load_prior: Callable[[], HeadPrior] = HeadPrior.load,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.reader = HeadReader(session, load_model, self)
        self.mixer = PresetMixer()
        self.rings: dict[str, tuple[str, ...]] = {}  # names of the presets on each group's ring
        self.limiter: Callable[[HeadCoefficients], HeadCoefficients] = lambda head: head
        """Stops heads that a gesture leads to."""
        self.held_back = False
        """Whether the open gesture is stopped before the place that the hand is at."""
        self._load_prior = load_prior
        self._prior: HeadPrior | None = None
        self._locks: set[str] = set()
        self._target: int | None = None  # index of the adjustment that is edited
        self._limited: tuple[HeadCoefficients, HeadChange, HeadCoefficients] | None = None  # own head, target, both
        self._gesture = False
        self._cut = False  # the open gesture was ended by something else; further moves of it are ignored
        self._name = ""
        self._photo_job: int | None = None
        self._take_photo: Callable[[PhotoReading], None] = lambda reading: None
        self.reader.model_loaded.connect(self.model_loaded)
        self.reader.noted.connect(self.noted)
        self.reader.read.connect(self._show_reading)
        session.changed.connect(self._follow)
        session.portrait_replaced.connect(self._start_anew)
        session.open_work_ended.connect(self._gesture_cut)
        bridge = session.bridge
        bridge.job_done.connect(self._job_done)
        bridge.job_failed.connect(self._job_failed)
        bridge.job_progress.connect(self._job_progress)
        bridge.preview_ready.connect(self._show_preview)

    # What there is.

    @property
    def model(self) -> HeadModel | None:
        """The head model; None until it is loaded, or if it is missing."""
        return self.reader.model

    @property
    def head(self) -> HeadCoefficients | None:
        """The portrait's head, else the one read from its face; None while neither is there."""
        own = self.session.portrait.head
        target = self.target
        if own is not None and target is not None:
            assert isinstance(target.settings, HeadChange)
            if self._limited is None or self._limited[0] is not own or self._limited[1] is not target.settings:
                self._limited = own, target.settings, target.settings.added(own)
            return self._limited[2]
        return self.reader.reading if own is None else own

    @property
    def origin(self) -> HeadCoefficients | None:
        """What resets lead back to: the head as it was read from the face, else the one the mask was painted at."""
        if self.target is not None:
            return self.session.portrait.head
        reading = self.reader.reading
        return self.session.portrait.base_head if reading is None else reading

    def variation(self) -> Variation | None:
        """All that the face is drawn from, with a head; None while its head is not known."""
        face = self.session.portrait.state().face
        head = face.head if face.head is not None else self.reader.reading
        if head is None:
            return None
        read = face.read_head if face.head is not None else True
        base = face.base_head or head
        return Variation(face.mask, face.style, head, base, face.truncation, read, face.adjustments)

    @property
    def ready(self) -> bool:
        """Whether sliders have something to show and to change."""
        return self.model is not None and self.head is not None

    def request(self) -> RenderRequest:
        """The portrait as a request; while it has no head, with the one that was read from its face if it is there."""
        state = self.session.portrait.state()
        if state.head is None and self.head is not None:
            state = state.with_face(head=self.head, base_head=self.head)
        return RenderRequest.of(state)

    def value(self, name: str) -> float:
        """Value of a control of the present head; 0 while there is none."""
        if self.head is None or self.model is None:
            return 0.0
        return control(name, self.model).get(self.head, self.model)

    # The target.

    @property
    def target(self) -> Adjustment | None:
        """The adjustment of sliders that is edited in place of the whole head."""
        entries, index = self.session.portrait.state().face.adjustments, self._target
        found = entries[index] if index is not None and index < len(entries) else None
        return found if found is not None and isinstance(found.settings, HeadChange) else None

    @property
    def target_index(self) -> int | None:
        """The index of the target in the list of adjustments."""
        return self._target if self.target is not None else None

    def edit_adjustment(self, index: int | None) -> None:
        """Let sliders and styles change an adjustment (`HeadChange`), None: the whole face again."""
        if index == self._target:
            return
        self.session.end_open_work()
        self._target = index
        self._target = self.target_index
        for signal in (self.target_changed, self.locks_changed, self.changed):
            signal.emit()

    # Locks.

    def locked(self, group: str) -> bool:
        """Whether a group is protected from every change."""
        return group in self._locks or not self.can_change(group)

    def can_change(self, group: str) -> bool:
        """Whether a group can be changed where the target is: a head turns as a whole."""
        return group != "pose" or self.target is None

    def lock(self, group: str, on: bool = True) -> None:
        """Protect a group, or no longer."""
        if on != (group in self._locks):
            (self._locks.add if on else self._locks.discard)(group)
            self.locks_changed.emit()

    @property
    def unlocked(self) -> tuple[str, ...]:
        """The groups that may be changed."""
        return tuple(group for group in GROUPS if not self.locked(group))

    def _free(self, groups: Iterable[str]) -> list[str]:
        """Those of the groups that may be changed; says so if there are none."""
        wanted = list(groups)
        free = [group for group in wanted if not self.locked(group)]
        if not free and not all(self.can_change(group) for group in wanted):
            self.noted.emit(self.tr("A head turns as a whole: its pose cannot be limited to regions."))
        elif not free:
            self.noted.emit(self.tr("This group is locked. Unlock it in its panel to change it."))
        return free

    # Gestures: one undo step each.

    def begin(self, name: str) -> None:
        """Begin a gesture: everything until `end` is one undo step with this name."""
        self._cut = False
        if self.head is None:
            return
        self.session.end_open_work()
        self._name = name
        self._cut = False
        self._gesture = self.session.guarded(lambda: self.session.portrait.begin_gesture(name))

    def set(self, head: HeadCoefficients, name: str = "") -> None:
        """Make this the head; locked groups stay as they are. Outside of a gesture it is an undo step of its own."""
        present = self.head
        if present is None or self._cut:
            return
        for group in GROUPS:
            if self.locked(group):
                head = head.with_group(group, present)
        self.held_back = False
        if self._gesture:
            wanted, head = head, self.limiter(head)
            self.held_back = head is not wanted
        else:
            self.session.end_open_work()
            head = self._settled(head)
        portrait = self.session.portrait
        title = name or self._name or self.tr("Head")
        own, target, index = portrait.head, self.target, self._target
        if own is not None and target is not None and index is not None:
            entries = portrait.state().face.adjustments
            settings = HeadChange.between(own, head)
            self._limited = own, settings, head  # to the last bit what was asked for
            changed = (*entries[:index], target.changed(settings=settings), *entries[index + 1 :])
            edit: Edit = SetAdjustments(changed, f"{target.name}: {title}")
        else:
            edit = SetHead(head, self.reader.reading if own is None else None, title)
        self.session.guarded(lambda: portrait.apply(edit))

    @property
    def in_gesture(self) -> bool:
        """Whether a gesture on the head is open."""
        return self._gesture

    def end(self) -> None:
        """End the gesture."""
        self._cut = False
        if self._gesture:
            head = self.head
            if head is not None and self.session.portrait.head is not None:
                self.set(self._settled(head))
            self._gesture = False
            self.session.portrait.commit_gesture()

    def _settled(self, head: HeadCoefficients) -> HeadCoefficients:
        """The head, exactly the original one in every group whose controls were set back to it."""
        origin, model = self.origin, self.model
        return head if origin is None or model is None else settled(head, origin, model)

    def abort(self) -> None:
        """Cancel the open gesture."""
        self._cut = True
        if self._gesture:
            self._gesture = False
            self.session.portrait.abort_gesture()

    def _gesture_cut(self) -> None:
        self._cut = self._gesture
        self._gesture = False

    def _step(self, name: str, make: Callable[[HeadCoefficients], HeadCoefficients]) -> bool:
        """Change the head once, as one undo step; a failure to make it is reported. Returns whether it was made."""
        head = self.head
        if head is None:
            self.noted.emit(self.tr("The head is not detected yet. Wait a moment and try again."))
            return False
        made: list[HeadCoefficients] = []
        if not self.session.guarded(lambda: made.append(make(head))):
            return False
        self._cut = False
        self.session.end_open_work()
        self._cut = self._gesture = False
        self.set(made[0], name)
        return True

    # Single controls.

    def set_control(self, name: str, value: float, symmetric: bool = False) -> None:
        """Set one control, clipped to its range.

        Args:
            name: of the control.
            value: in its unit.
            symmetric: set its twin on the other side of the face as well, if it has one.
        """
        head, model = self.head, self.model
        if head is None or model is None:
            return
        made: list[HeadCoefficients] = []

        def make() -> None:
            changed, origin = head, self.origin
            for each in [name, *(twins(name) if symmetric else [])]:
                found = control(each, model)
                if origin is not None and value == found.get(origin, model):
                    changed = set_back(changed, origin, found, model)
                else:
                    changed = found.set(changed, model, value)
            made.append(changed)

        if self.session.guarded(make):
            self.set(made[0], "" if self._gesture else control(name, model).title)

    # Groups.

    def reset_group(self, group: str) -> None:
        """A group back to what was read."""
        origin = self.origin
        if origin is not None and self._free([group]):
            self._step(self.tr("Reset {group}").format(group=group), lambda head: head.with_group(group, origin))

    def reset_all(self) -> None:
        """Everything that is not locked back to what was read."""
        origin, free = self.origin, self._free(GROUPS)
        if origin is not None and free:
            self._step(self.tr("Reset head"), lambda head: _with_groups(head, origin, free))

    def make_neutral(self) -> None:
        """Take the expression and the gaze out of the face: one undo step."""
        if self._free(["expression"]):
            self._step(self.tr("Neutral expression"), neutral)

    def randomise(self, group: str | None = None, seed: int | None = None) -> None:
        """Draw a plausible group at random, or (None) all that are not locked: one undo step."""
        free = self._free(GROUPS if group is None else [group])
        chosen = secrets.randbits(63) if seed is None else seed

        def draw(head: HeadCoefficients) -> HeadCoefficients:
            for each in free:
                head = random_group(each, chosen, head, self.model, self.prior)
            return head

        if free:
            name = self.tr("Random head") if group is None else self.tr("Random {group}").format(group=group)
            self._step(name, draw)

    @property
    def prior(self) -> HeadPrior:
        """The model of random heads; raises ModelError if it is not there."""
        if self._prior is None:
            self._prior = self._load_prior()
        return self._prior

    def copy(self, group: str) -> None:
        """Put a group on the clipboard, from where any window of the program can paste it."""
        if self.head is not None:
            QGuiApplication.clipboard().setText(group_to_text(group, self.head))
            self.noted.emit(self.tr("Copied the {group}. Paste it into any portrait.").format(group=group))

    def paste(self, group: str) -> None:
        """Take a group from the clipboard."""
        if self._free([group]):
            text = QGuiApplication.clipboard().text()
            self._step(self.tr("Paste {group}").format(group=group), lambda head: group_from_text(group, text, head))

    # Presets.

    def apply_preset(self, preset: Preset, amount: float = 1.0) -> None:
        """Give the preset's group its look; less than 1 goes part of the way from the present one."""
        model = self.model
        if model is not None and self._free([preset.group]):
            self._step(preset.name, lambda head: self._presets().applied(preset, amount, head, model))

    def set_amount(self, group: str, amount: float) -> None:
        """Another amount of the preset that was applied last, inside a gesture; nothing if it is not in effect."""
        head, model, preset = self.head, self.model, self.mix(group).preset
        if head is not None and model is not None and preset is not None and group not in self._locks:
            self.set(self._presets().applied(preset, amount, head, model))

    def _presets(self) -> PresetMixer:
        """The mixer, for the photograph of the active face."""
        source = self.session.portrait.state().face.source
        self.mixer.set_photo_light(None if source is None else source.head.gamma)
        return self.mixer

    def mix(self, group: str) -> Mix:
        """How the present group was mixed in its ring of presets; undo and redo lead back to the mixture, too."""
        return self.mixer.mix_of(group, self.head)

    def set_mix(self, group: str, ring: Sequence[Preset], x: float, y: float) -> None:
        """Move the handle of a ring of presets to (x, y) in the unit disc, inside a gesture."""
        head, model = self.head, self.model
        if head is None or model is None or group in self._locks:
            return
        made: list[HeadCoefficients] = []
        if self.session.guarded(lambda: made.append(self._presets().mixed(group, ring, (x, y), head, model))):
            self.set(made[0])

    # Photos.

    def from_photo(self, path: Path, groups: Iterable[str] = tuple(GROUPS), face: int = 0) -> None:
        """Take groups of the head from one of the faces of a photo, in the background."""
        free = self._free(groups)
        if not free:
            return
        name = self.tr("Head of {name}").format(name=path.name)

        def take(reading: PhotoReading) -> None:
            self._step(name, lambda head: _with_groups(head, reading.head, free))

        sentence = self.tr("Reading the head of {name} ...").format(name=path.name)
        self._read_photo(lambda emit: ReadPhoto(path, face), take, sentence)

    def embed_photo(self, path: Path, face: int = 0) -> None:
        """Make the portrait that of a photo: mask, head and a style that is optimised to draw it. One undo step.

        If the portrait was changed while it was computed, the user is asked first.

        Args:
            path: the photo.
            face: which of its faces, the largest first.
        """

        def take(reading: PhotoReading) -> None:
            self.session.end_open_work()
            portrait = self.session.portrait
            name = self.tr("Photo {name}").format(name=path.name)

            def replace() -> None:
                portrait.begin_gesture(name)
                try:
                    portrait.apply(ReplaceMask(reading.mask, name, reading.head))
                    portrait.apply(SetStyle(reading.style, name))
                finally:
                    portrait.commit_gesture()

            self.session.guarded(replace)

        revision = self.session.portrait.revision

        def replaced(reading: PhotoReading) -> None:
            if self.session.portrait.revision == revision:
                take(reading)
                return
            # It replaces mask, head and style: not over the head of what was changed meanwhile.
            sentence = self.tr("The reconstruction of {name} is ready. The portrait has changed since it began.")
            self.asked.emit(sentence.format(name=path.name), self.tr("Replace the portrait"), lambda: take(reading))

        sentence = self.tr("Reconstructing {name} ...").format(name=path.name)
        self._read_photo(lambda emit: EmbedPhoto(path, EMBED_STEPS, face, preview=emit), replaced, sentence)

    def _read_photo(
        self, make: Callable[[EmitPreview], Job], take: Callable[[PhotoReading], None], sentence: str
    ) -> None:
        self.cancel_work()
        self._take_photo = take
        self._photo_job = self.session.bridge.run_with_previews(make)
        self.work_started.emit(sentence)

    def cancel_work(self) -> None:
        """Stop reading or rebuilding a photo."""
        if self._photo_job is not None:
            self.session.bridge.cancel(self._photo_job)
            self._photo_job = None
            self.work_ended.emit()

    # Following.

    def _follow(self, change: Change) -> None:
        if self._target is not None and self.target is None:
            self.edit_adjustment(None)  # it was removed, or undone
        elif change.head or (change.other and self._target is not None):
            self.changed.emit()

    def _show_reading(self) -> None:
        self.read.emit()
        self.changed.emit()

    def _start_anew(self) -> None:
        self.cancel_work()  # it was begun for another portrait
        self.mixer.forget()
        self.edit_adjustment(None)
        self._gesture = self._cut = False
        self.changed.emit()

    def _job_progress(self, job: int, fraction: float) -> None:
        if job == self._photo_job:
            self.work_progress.emit(fraction)

    def _show_preview(self, job: int, pixels: object) -> None:
        if job == self._photo_job:
            self.work_preview_ready.emit(pixels)

    def _job_done(self, job: int, result: Any) -> None:
        if job == self._photo_job:
            self._photo_job = None
            self.work_ended.emit()
            self._take_photo(result)
            if result.note:
                self.noted.emit(result.note)

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job == self._photo_job:
            self._photo_job = None
            self.work_ended.emit()
            if not isinstance(error, Cancelled):
                self.session.failed.emit(str(error))


def twins(name: str) -> list[str]:
    """The control of the other side of the face, if there is one: "mouthSmile_L" has "mouthSmile_R"."""
    for one, other in (("_L", "_R"), ("_R", "_L"), ("_left", "_right"), ("_right", "_left")):
        if name.endswith(one) and not name.startswith("wink"):
            return [name.removesuffix(one) + other]
    return []


def _with_groups(head: HeadCoefficients, other: HeadCoefficients, groups: Iterable[str]) -> HeadCoefficients:
    for group in groups:
        head = head.with_group(group, other)
    return head
