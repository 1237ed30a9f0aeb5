"""Imported generators on behalf of the window: import, removal, faces drawn in the background of the engine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from faceeditor.engine.generator_jobs import (
    DrawRecipes,
    DrawSamePerson,
    GeneratedFace,
    ImportGenerator,
    OpenGenerators,
)
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.generators.imported.installed import Installed, installed, remove_generator, suggested_name
from faceeditor.generators.imported.recipe import Recipe
from faceeditor.gui.controllers.bridge import Bridge


class GeneratorController(QObject):
    """Runs one piece of work at a time; the newest one replaces the one under way.

    Args:
        bridge: the way to the engine.

    Signals:
        generators_changed: the list of generators; carries the name of the new one, or "".
        face_ready: (number, GeneratedFace) of the present work.
        work_started: what is done.
        work_progress: share done, 0..1.
        work_ended: a sentence, and whether it tells of a problem.
    """

    generators_changed = Signal(str)
    face_ready = Signal(int, object)
    work_started = Signal(str)
    work_progress = Signal(float)
    work_ended = Signal(str, bool)

    _raw_face = Signal(int, int, object)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self._generators = OpenGenerators()
        self._job: int | None = None
        self._importing = False
        self._work = 0  # counted up, so that late faces of earlier work are told apart
        self._raw_face.connect(self._take_face, Qt.ConnectionType.QueuedConnection)
        bridge.job_progress.connect(self._progress)
        bridge.job_done.connect(self._done)
        bridge.job_failed.connect(self._failed)

    @property
    def working(self) -> bool:
        """Whether work is under way."""
        return self._job is not None

    @property
    def importing(self) -> bool:
        """Whether the work under way is an import, which new faces do not replace."""
        return self._importing

    def generators(self) -> list[Installed]:
        """The generators that can be used."""
        return installed()

    def import_from(self, source: Path) -> None:
        """Import a checkpoint under a name made from its file name."""
        name, taken = suggested_name(source), {entry.name for entry in installed()}
        number = 2
        while name in taken:
            name, number = f"{suggested_name(source)[:58]}-{number}", number + 1
        self._start(ImportGenerator(source, name), self.tr("Importing “{name}” ...").format(name=source.name))
        self._importing = True

    def remove(self, name: str) -> None:
        """Delete a generator of the user."""
        self.cancel()
        self._generators.forget()
        try:
            remove_generator(name)
        except FaceEditorError as error:
            self.work_ended.emit(str(error), True)
        self.generators_changed.emit("")

    def draw(self, name: str, recipes: Sequence[tuple[str, Recipe]]) -> None:
        """Draw faces of a generator; `face_ready` brings them one by one."""
        self._work += 1
        job = DrawRecipes(self._generators, name, tuple(recipes), self._shower(self._work))
        self._start(job, self.tr("Drawing {n} faces ...").format(n=len(recipes)))

    def draw_same_person(
        self, name: str, recipe: Recipe, count: int, variety: float, pool: int, walk: bool, seed: int
    ) -> None:
        """Draw pictures of one person; arguments as of `DrawSamePerson`."""
        self._work += 1
        job = DrawSamePerson(
            self._generators,
            name,
            recipe,
            count,
            self._shower(self._work),
            variety=variety,
            pool=pool,
            walk=walk,
            seed=seed,
        )
        self._start(job, self.tr("Learning what makes this person ..."))

    def cancel(self) -> None:
        """Stop the work under way."""
        if self._job is not None:
            self.bridge.cancel(self._job)

    def _shower(self, work: int) -> Any:
        """A function for the job's thread: faces travel to this one by a queued signal."""

        def show(number: int, face: GeneratedFace) -> None:
            self._raw_face.emit(work, number, face)

        return show

    def _start(self, job: Any, sentence: str) -> None:
        self.cancel()
        self._importing = False
        self._job = self.bridge.run(job)
        self.work_started.emit(sentence)

    def _take_face(self, work: int, number: int, face: object) -> None:
        if work == self._work:
            self.face_ready.emit(number, face)

    def _progress(self, job: int, share: float) -> None:
        if job == self._job:
            self.work_progress.emit(share)

    def _done(self, job: int, result: Any) -> None:
        if job != self._job:
            return
        self._job, self._importing = None, False
        if isinstance(result, str):
            self.work_ended.emit(self.tr("“{name}” is imported. Its licence is unknown.").format(name=result), False)
            self.generators_changed.emit(result)
        elif isinstance(result, float):
            sentence = self.tr("{share} of other people are on the right side of the identity boundary.")
            self.work_ended.emit(sentence.format(share=f"{result:.0%}"), False)
        else:
            self.work_ended.emit("", False)

    def _failed(self, job: int, error: FaceEditorError) -> None:
        if job == self._job:
            self._job, self._importing = None, False
            stopped = isinstance(error, Cancelled)
            self.work_ended.emit(self.tr("Stopped.") if stopped else str(error), not stopped)
