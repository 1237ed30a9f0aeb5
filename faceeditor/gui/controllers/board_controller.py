"""Controller of the board: pictures of one pinned person, and how far the present face is from that person."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from faceeditor.engine.board_jobs import (
    BoardTools,
    DrawBoard,
    PhotoOfFace,
    PinPerson,
    PrepareMethods,
    RestoreBoard,
    RestoredBoard,
    ScoreFace,
)
from faceeditor.engine.requests import FULL, Frame
from faceeditor.errors import Cancelled, FaceEditorError
from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.identity.board import SLIDERS, BoardOptions, Reference, Tile
from faceeditor.identity.board_store import SavedBoard, StarredTile, packed
from faceeditor.portrait.adjustments import Adjustments
from faceeditor.portrait.document import Change, ReplaceFace
from faceeditor.portrait.head import HeadCoefficients
from faceeditor.portrait.state import FaceState

if TYPE_CHECKING:
    from faceeditor.photo.face import PhotoFace

_SOON_MS = 60
"""How long the board's own sliders must rest before tiles are drawn."""
_REST_MS = 350
"""How long nothing must change before tiles and meter go on."""


class BoardController(QObject):
    """Draws boards and puts a tile into the portrait.

    Everything is drawn on the engine's background lane. A drag anywhere in the window stops it, and it goes on when
    the hand rests: tiles that are missing are drawn, those that are there stay.

    Signals:
        pinned_changed: another person is pinned, or none.
        options_changed: method, variety, likeness, locks or size.
        tile_changed: index of a tile that has another picture, or none any more.
        tiles_changed: all tiles.
        starred_changed: the list of starred tiles.
        score_changed: distance of the shown face to the pinned person, None while it is not known.
        noted: a sentence worth knowing.
        work_started, work_progress, work_ended: as of the other controllers.
    """

    pinned_changed = Signal()
    options_changed = Signal()
    tile_changed = Signal(int)
    tiles_changed = Signal()
    starred_changed = Signal()
    score_changed = Signal(object)
    noted = Signal(str)
    work_started = Signal(str)
    work_progress = Signal(float)
    work_ended = Signal()

    _raw_tile = Signal(int, int, object)

    def __init__(
        self,
        session: PortraitSession,
        heads: HeadController,
        tools: BoardTools | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.session, self.heads = session, heads
        self.tools = tools or BoardTools()
        self.options = BoardOptions(method="head")
        self.found_photo: Callable[[FaceState], PhotoFace | None] = lambda face: None
        """Tells how a face was found on its photograph."""
        self.pinned: Reference | None = None
        self.tiles: dict[int, Tile] = {}
        self.kept: set[int] = set()
        self.starred: list[Tile] = []
        self.score: float | None = None
        self._origin: Tile | None = None  # what "more like this" varies in the pinned person's place
        self._rerolls: dict[int, int] = {}
        self._round = 0  # counted up, so that late tiles of earlier boards are told apart
        self._views: set[QObject] = set()
        self._job: int | None = None
        self._pin_job: int | None = None
        self._pin_when_read = False
        self._score_job: int | None = None
        self._prepare_job: int | None = None
        self._prepared: Reference | None = None  # the person for whom all methods are ready, or who is given up
        self._rest = QTimer(self, singleShot=True)
        self._rest.timeout.connect(self._go_on)
        self._raw_tile.connect(self._take_tile, Qt.ConnectionType.QueuedConnection)
        session.changed.connect(self._follow)
        session.portrait_replaced.connect(self._start_anew)
        session.frame_shown.connect(self._take_frame)
        heads.read.connect(self._pin_now)
        bridge = session.bridge
        bridge.job_done.connect(self._job_done)
        bridge.job_failed.connect(self._job_failed)
        bridge.job_progress.connect(self._job_progress)

    # What there is.

    @property
    def working(self) -> bool:
        """Whether tiles or the pinned person are being drawn."""
        return self._job is not None or self._pin_job is not None

    @property
    def reference(self) -> Reference | None:
        """What is varied: the pinned person, or a tile of that person; the vector is always the pinned person's."""
        if self.pinned is None or self._origin is None:
            return self.pinned
        return replace(self.pinned, variation=self._origin.variation)

    @property
    def drilled(self) -> bool:
        """Whether a tile is varied in the pinned person's place."""
        return self._origin is not None

    # Pinning.

    def pin(self) -> None:
        """Pin the person of the portrait as it is, as soon as the head of the face is read."""
        self.cancel()
        variation = self.heads.variation()
        if variation is None:
            self._pin_when_read = True
            self.work_started.emit(self.tr("Detecting the head ..."))
            return
        self._pin_job = self.session.bridge.run(PinPerson(self.tools, variation, self.photo_of_face()))
        self.work_started.emit(self.tr("Pinning the person ..."))

    def unpin(self) -> None:
        """Forget the pinned person and the tiles."""
        self._forget()
        self.pinned_changed.emit()
        self.save()

    def _pin_now(self) -> None:
        """The head was read: pin the person, if somebody waits for that."""
        if self._pin_when_read and self.heads.variation() is not None:
            self.pin()

    def _forget(self) -> None:
        self.cancel()
        self.pinned, self._origin, self.score = None, None, None
        self.starred.clear()
        self._clear_tiles()
        self.starred_changed.emit()
        self.score_changed.emit(None)

    def _start_anew(self) -> None:
        self._forget()
        self.pinned_changed.emit()
        data = self.session.portrait.board
        if data:
            self._pin_job = self.session.bridge.run(RestoreBoard(self.tools, data, self._adjustments()))
            self.work_started.emit(self.tr("Opening the board ..."))

    def _adjustments(self) -> Adjustments:
        return self.session.portrait.state().face.adjustments

    def _restore(self, board: RestoredBoard) -> None:
        """Show the board that the portrait's file keeps."""
        saved = board.saved
        self.pinned, self._origin, self.score = board.reference, board.origin, None
        self.options, self.starred = saved.options, board.starred
        self._clear_tiles()
        self._rerolls, self.kept = dict(saved.rerolls), set(saved.kept)
        for changed in (self.options_changed, self.pinned_changed, self.starred_changed):
            changed.emit()

    # Saving.

    def save(self) -> None:
        """Put the board into the portrait, with which it is saved."""
        if self.pinned is None:
            self.session.portrait.set_board(b"")
            return
        starred = [StarredTile(tile.variation, tile.method, tile.seed) for tile in self.starred]
        origin = None if self._origin is None else self._origin.variation
        kept = sorted(self.kept)
        board = SavedBoard(self.pinned.variation, self.options, origin, self._rerolls, kept, starred)
        self.session.portrait.set_board(packed(board))

    # Options.

    def set_options(self, **changes: Any) -> None:
        """Change some of the board's options; tiles that are not kept are drawn anew."""
        try:
            options = replace(self.options, **changes)
        except FaceEditorError as error:
            self.noted.emit(str(error))
            return
        if options == self.options:
            return
        # A larger or smaller board keeps the tiles that it has.
        sized = replace(options, rows=self.options.rows, columns=self.options.columns)
        only_size = sized == self.options and options.method != SLIDERS
        self.options = options
        self.options_changed.emit()
        self.save()
        if only_size:
            for index in [index for index in self.tiles if index >= options.count]:
                del self.tiles[index]
            self.cancel()
        else:
            self._clear_tiles(keep=True)
        self.tiles_changed.emit()
        self._rest.start(_SOON_MS)

    def show_board(self, view: QObject, shown: bool) -> None:
        """Tell whether a view of the board is in sight: nothing is drawn for a board that is not."""
        (self._views.add if shown else self._views.discard)(view)
        if shown:
            self._rest.start(_SOON_MS)
        elif not self._views:
            self.cancel()

    # Tiles.

    def reroll(self, index: int | None = None) -> None:
        """Draw one tile anew, or all that are not kept."""
        if self.pinned is None:
            self.pin()
            return
        self.cancel()
        chosen = range(self.options.count) if index is None else (index,)
        for each in chosen:
            if index is not None or each not in self.kept:
                self._rerolls[each] = self._rerolls.get(each, 0) + 1
                self.tiles.pop(each, None)
        self.save()
        self.tiles_changed.emit()
        self._draw()

    def keep(self, index: int, on: bool) -> None:
        """Protect a tile from being drawn anew, or no longer."""
        (self.kept.add if on else self.kept.discard)(index)
        self.save()
        self.tile_changed.emit(index)

    def star(self, tile: Tile, on: bool = True) -> None:
        """Put a tile among the starred ones, or take it away."""
        if on and tile not in self.starred:
            self.starred.append(tile)
        elif not on and tile in self.starred:
            self.starred.remove(tile)
        self.save()
        self.starred_changed.emit()
        self.tiles_changed.emit()

    def vary(self, tile: Tile | None) -> None:
        """Make tiles like this one; None: of the pinned person again. Distances stay those to the pinned person."""
        self._origin = tile
        self.save()
        self._clear_tiles(keep=True)
        self.pinned_changed.emit()
        self._rest.start(_SOON_MS)

    def use(self, tile: Tile) -> None:
        """Put everything that made a tile into the portrait: one undo step."""
        made, session = tile.variation, self.session
        session.end_open_work()
        name = self.tr("Picture from the board")
        edit = ReplaceFace(made.mask, made.style, made.truncation, made.head, made.base_head, made.read_head, name)
        session.guarded(lambda: session.portrait.apply(edit))

    def _clear_tiles(self, keep: bool = False) -> None:
        self.cancel()
        self._round += 1
        self._rerolls.clear()
        self.kept = {index for index in self.kept if keep and index in self.tiles}
        self.tiles = {index: tile for index, tile in self.tiles.items() if index in self.kept}
        self.tiles_changed.emit()

    def _missing(self) -> list[int]:
        return [index for index in range(self.options.count) if index not in self.tiles]

    def _draw(self) -> None:
        """Draw the tiles that are missing."""
        missing, reference = self._missing(), self.reference
        if reference is None or not missing or not self._views or self.session.portrait.busy:
            return
        self.cancel()
        self._round += 1
        tiles: Sequence[tuple[int, int]] = [(index, self._rerolls.get(index, 0)) for index in missing]
        round_number = self._round

        def show(index: int, tile: Tile) -> None:
            self._raw_tile.emit(round_number, index, tile)

        self._job = self.session.bridge.run(DrawBoard(self.tools, reference, self.options, tiles, show))
        self.work_started.emit(self.tr("Drawing the board ..."))

    def _take_tile(self, round_number: int, index: int, tile: Tile) -> None:
        if round_number == self._round and index not in self.tiles:
            self.tiles[index] = tile
            self.tile_changed.emit(index)

    # The meter.

    def _take_frame(self, frame: Frame) -> None:
        if self.pinned is not None and frame.drawn >= FULL:
            self._rest.start(_REST_MS)

    def _measure(self) -> None:
        frame = self.session.frame
        if self.pinned is None or frame is None or not self.session.up_to_date or self._score_job is not None:
            return
        mask = frame.mask if frame.mask is not None else self.session.portrait.mask
        job = ScoreFace(self.tools, frame.pixels, mask, self.pinned, self.photo_of_face())
        self._score_job = self.session.bridge.run(job)

    def photo_of_face(self, head: HeadCoefficients | None = None) -> PhotoOfFace | None:
        """The active face on its photograph, by default with its own head; None if it is on none."""
        face = self.session.portrait.state().face
        photo = self.found_photo(face)
        if photo is None:
            return None
        return PhotoOfFace(photo, face if head is None else face.changed(head=head))

    # Going on and stopping.

    def _follow(self, change: Change) -> None:
        if change.drawn:
            self.cancel()
            if self.score is not None:
                self.score = None
                self.score_changed.emit(None)
        self._rest.start(_REST_MS)

    def _go_on(self) -> None:
        if self.session.portrait.busy:
            self._rest.start(_REST_MS)
            return
        self._measure()
        if self._job is None:
            self._draw()
        if self._job is None:
            self._prepare()

    def _prepare(self) -> None:
        """Get the other methods ready while nothing else is to be done, so that their first tile comes at once."""
        idle = self._prepare_job is None and self._pin_job is None
        if self.pinned is None or self.pinned is self._prepared or not self._views or not idle:
            return
        self._prepare_job = self.session.bridge.run(PrepareMethods(self.tools, self.pinned))
        self.work_started.emit(self.tr("Preparing the methods of the board ..."))

    def cancel(self) -> None:
        """Stop drawing tiles and waiting for the head; the tiles that are there stay."""
        if self._pin_when_read:
            self._pin_when_read = False
            self.work_ended.emit()
        if self._prepare_job is not None:
            self.session.bridge.cancel(self._prepare_job)
            self._prepare_job = None
            self.work_ended.emit()
        if self._job is not None:
            self.session.bridge.cancel(self._job)
            self._job = None
            self.work_ended.emit()

    def stop(self) -> None:
        """Stop at the user's wish: the rest is not drawn until the board changes."""
        self._rest.stop()
        if self._prepare_job is not None:
            self._prepared = self.pinned
        self.cancel()

    def _job_progress(self, job: int, share: float) -> None:
        if job in (self._job, self._pin_job, self._prepare_job):
            self.work_progress.emit(share)

    def _job_done(self, job: int, result: Any) -> None:
        if job == self._pin_job:
            self._pin_job = None
            if isinstance(result, RestoredBoard):
                self._restore(result)
            else:
                self.pinned, self._origin, self.score = result, None, None
                self._clear_tiles()
                self.pinned_changed.emit()
                self.save()
            self.work_ended.emit()
            self._rest.start(_SOON_MS)
        elif job == self._job:
            self._job = None
            self.work_ended.emit()
            far = sum(not tile.alike for tile in self.tiles.values())
            if far:
                text = self.tr("{n} pictures stayed beyond the likeness: choose less variety or a higher threshold.")
                self.noted.emit(text.format(n=far))
            self._rest.start(_REST_MS)
        elif job == self._prepare_job:
            self._prepare_job, self._prepared = None, self.pinned
            self.work_ended.emit()
        elif job == self._score_job:
            self._score_job = None
            if self.pinned is not None and self.session.up_to_date:
                self.score = float(result)
                self.score_changed.emit(self.score)

    def _job_failed(self, job: int, error: FaceEditorError) -> None:
        if job == self._score_job:
            self._score_job = None
        elif job == self._prepare_job:  # a method that is missing is told of when it is chosen
            self._prepare_job, self._prepared = None, self.pinned
            self.work_ended.emit()
            return
        elif job in (self._job, self._pin_job):
            self._job = self._pin_job = None
            self.work_ended.emit()
        else:
            return
        if not isinstance(error, Cancelled):
            self.noted.emit(str(error))
