"""History: a tree of states, whose masks are kept as compressed deltas. Bounded in memory and not in number.

Every step is a node with the state that it led to. Undo goes to the parent, redo to the child that was left last; a
new step after an undo begins a branch, and the steps that were undone stay in the tree.
"""

import itertools
import weakref
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from faceeditor.errors import PortraitError
from faceeditor.portrait.state import FaceState, PortraitState, checked_mask
from faceeditor.regions import MASK_SIZE, MaskArray

HISTORY_LIMIT = 256 * 1024 * 1024
"""Bytes that a portrait's history may take; the oldest steps go first."""

_KEY_EVERY = 16  # a mask that is that many deltas away from a whole one is kept whole
_OVERHEAD = 1024  # Python objects of one step, roughly
_HEAD_BYTES = 2048  # a head's 146 numbers and its Python objects, roughly
_SHAPE = (MASK_SIZE, MASK_SIZE)


class PackedMask:
    """A mask in little memory: zlib of its exclusive-or with an earlier one, or of itself.

    Args:
        mask: (256, 256) uint8, read-only.
        base: an earlier mask that it probably resembles.
    """

    def __init__(self, mask: MaskArray, base: "PackedMask | None" = None) -> None:
        self.base: PackedMask | None = base if base is not None and base.depth + 1 < _KEY_EVERY else None
        self.depth: int = 0 if self.base is None else self.base.depth + 1
        difference = mask if self.base is None else mask ^ self.base.unpack()
        self.data = zlib.compress(difference.tobytes(), 1)
        self._live = weakref.ref(mask)
        self._lost = False

    @classmethod
    def from_data(cls, data: bytes, base: "PackedMask | None") -> "PackedMask":
        """A packed mask of a file; what is wrong with it is found as it is unpacked."""
        packed = cls.__new__(cls)
        packed.data, packed.base = data, base
        packed.depth = 0 if base is None else base.depth + 1
        if packed.depth >= _KEY_EVERY:
            raise PortraitError("its masks depend on too many others")
        packed._live = weakref.ref(NO_MASK)
        packed._lost = True
        return packed

    @property
    def nbytes(self) -> int:
        """Bytes that it takes without its base."""
        return len(self.data) + 160

    def is_of(self, mask: MaskArray) -> bool:
        """Whether it was made of this very array."""
        return not self._lost and self._live() is mask

    def unpack(self) -> MaskArray:
        """The mask, read-only; the array that it was made of or that was last given, if that is still in use."""
        live = None if self._lost else self._live()
        if live is None:
            self._lost = False
            unpacked = zlib.decompressobj().decompress(self.data, MASK_SIZE * MASK_SIZE + 1)
            live = np.frombuffer(unpacked, np.uint8).reshape(_SHAPE).copy()
            if self.base is not None:
                live ^= self.base.unpack()
            checked_mask(live)
            live.flags.writeable = False
            self._live = weakref.ref(live)
        return live


NO_MASK: MaskArray = np.zeros(_SHAPE, np.uint8)
NO_MASK.flags.writeable = False


@dataclass(eq=False)
class Node:
    """One step of the history.

    Attributes:
        number: grows with every step; the same number means the same content.
        name: of the step; empty for the first state.
        parent: the step before it, None for the first state.
        children: the steps that follow, the one that redo goes to last.
        label: a name that the user gave it, or empty.
        picture: what it looked like, small (`portrait.step_pictures`); empty if it was never seen.
    """

    number: int
    name: str
    state: PortraitState  # without its masks
    masks: tuple[PackedMask, ...]
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)
    label: str = ""
    nbytes: int = 0
    picture: bytes = b""

    def restore(self) -> PortraitState:
        """The state."""
        faces = tuple(
            replace(face, mask=packed.unpack()) for face, packed in zip(self.state.faces, self.masks, strict=True)
        )
        return replace(self.state, faces=faces)


class History:
    """The tree and where in it the portrait is.

    Args:
        state: the first state.
        limit: bytes that the steps may take together.
    """

    def __init__(self, state: PortraitState, limit: int = HISTORY_LIMIT) -> None:
        self._limit = limit
        self._numbers = itertools.count(1)
        self.root = self._node(0, "", state, None)
        self.nbytes = 0
        self._count = 1  # nodes of the tree
        self._line: list[Node] = []
        self._position = 0

    @property
    def present(self) -> Node:
        """The node that the portrait is at."""
        return self.root if self._position == 0 else self._line[self._position - 1]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the steps from the first one to the last that redo reaches."""
        return tuple(node.name for node in self._line)

    @property
    def titles(self) -> tuple[str, ...]:
        """What to call the steps of `names`: the user's own name, else the step's."""
        return tuple(node.label or node.name for node in self._line)

    def branch_ends(self) -> tuple[Node, ...]:
        """The last steps of all branches beside the present line, the newest first."""
        kept = {id(node) for node in self._line}
        ends = [node for node in self.nodes() if not node.children and id(node) not in kept and node is not self.root]
        return tuple(sorted(ends, key=lambda node: -node.number))

    @property
    def position(self) -> int:
        """How many steps of `names` are in effect."""
        return self._position

    def at(self, position: int) -> Node:
        """The node at which so many steps of `names` are in effect."""
        return self.root if position == 0 else self._line[position - 1]

    def nodes(self) -> Iterator[Node]:
        """All nodes, every parent before its children."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def push(self, name: str, state: PortraitState) -> Node:
        """Add a step after the present one and go there; the oldest steps are forgotten if memory is short."""
        parent = self.present
        node = self._node(next(self._numbers), name, state, parent)
        parent.children.append(node)
        del self._line[self._position :]
        self._line.append(node)
        self._position += 1
        self._count += 1
        self.nbytes += node.nbytes
        while self.nbytes > self._limit and self._forget():
            pass
        return node

    def go_to(self, node: Node) -> PortraitState:
        """Make a node the present one and return its state; redo leads along the way to it from now on."""
        if node is self.root:
            self._position = 0
            return node.restore()
        way = [node]
        while (parent := way[-1].parent) is not None and parent is not self.root:
            way.append(parent)
        way.reverse()
        for step in way:
            siblings = step.parent.children if step.parent is not None else []
            siblings.remove(step)
            siblings.append(step)
        self._position = len(way)
        if self._line[: len(way)] != way:
            self._line = way
            while self._line[-1].children:
                self._line.append(self._line[-1].children[-1])
        return node.restore()

    def amend(self, state: PortraitState) -> None:
        """Let the present node have another state, as after another face was selected."""
        present = self.present
        fresh = self._node(present.number, present.name, state, present.parent)
        self.nbytes += fresh.nbytes - present.nbytes
        present.state, present.masks, present.nbytes = fresh.state, fresh.masks, fresh.nbytes
        present.picture = b""  # it showed the other face

    def set_picture(self, node: Node, picture: bytes) -> None:
        """Keep what a node looks like, in place of an earlier picture; it counts as a part of the history's memory."""
        added = len(picture) - len(node.picture)
        node.picture = picture
        node.nbytes += added
        if node is not self.root:
            self.nbytes += added

    def adopt(self, root: Node, present: Node) -> None:
        """Take over a tree that was read from a file."""
        self.root, self._line, self._position = root, [], 0
        nodes = list(self.nodes())
        self._numbers = itertools.count(max(node.number for node in nodes) + 1)
        self._count = len(nodes)
        self.nbytes = sum(node.nbytes for node in nodes) - root.nbytes
        node = root
        while node.children:
            node = node.children[-1]
            self._line.append(node)
        self.go_to(present)

    def _node(self, number: int, name: str, state: PortraitState, parent: Node | None) -> Node:
        known = () if parent is None else parent.masks
        old = () if parent is None else parent.state.faces
        masks: list[PackedMask] = []
        size = _OVERHEAD
        for index, face in enumerate(state.faces):
            near = known[min(index, len(known) - 1)] if known else None
            same = next((packed for packed in known if packed.is_of(face.mask)), None)
            packed = same if same is not None else PackedMask(face.mask, near)
            masks.append(packed)
            size += 0 if same is not None else packed.nbytes
            size += _bytes_beside(face, old[min(index, len(old) - 1)] if old else None)
        bare = tuple(replace(face, mask=NO_MASK) for face in state.faces)
        node = Node(number, name, replace(state, faces=bare), tuple(masks), parent)
        node.nbytes = size
        return node

    def _forget(self) -> bool:
        """Forget one old step, first of the branches; False if only the present one is left."""
        if self._count > len(self._line) + 1:
            kept = {id(node) for node in self._line}
            leaves = (node for node in self.nodes() if not node.children and id(node) not in kept)
            leaf = min(leaves, key=lambda node: node.number)
            assert leaf.parent is not None
            leaf.parent.children.remove(leaf)
            self.nbytes -= leaf.nbytes
        elif self._position > 1:
            self.root = self._line.pop(0)
            self.root.parent = None
            self._position -= 1
            self.nbytes -= self.root.nbytes
        else:
            return False
        self._count -= 1
        return True


def _bytes_beside(face: FaceState, old: FaceState | None) -> int:
    """Bytes of a face's parts beside its mask that an earlier one does not share, roughly."""
    size = 0
    if old is None or face.style is not old.style:
        size += face.style.nbytes
    if old is None or face.head is not old.head:
        size += _HEAD_BYTES
    known = set() if old is None else {id(stroke) for stroke in old.comb}
    return size + sum(stroke.points.nbytes + 200 for stroke in face.comb if id(stroke) not in known)
