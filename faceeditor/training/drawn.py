"""What the generator made of a step."""

from dataclasses import dataclass

from torch import Tensor

from faceeditor.nets.mask_guided import Codes


@dataclass(frozen=True, eq=False)
class Drawn:
    """What the generator drew in a step: photographs again (count), other codes (extra), then changed heads.

    made: (N, 3, S, S) in about -1..1; half: the same from the scale before the last. rendered: (P, 3, S, S) second
    pictures of rendered pairs, apart from the others. own, other: codes of the first two, encoded: the photographs'
    codes before anything was dropped; every, planes, to_picture: of all N. with_head: (count,) whether a photograph's
    own head was given. kl: of the codes. hair: (count + extra, 3, 128, 128) direction of the hair that was given.
    """

    made: Tensor
    half: Tensor
    rendered: Tensor | None
    count: int
    extra: int
    own: Codes
    other: Codes
    encoded: Codes
    every: Codes
    planes: Tensor
    to_picture: Tensor
    with_head: Tensor
    kl: Tensor
    hair: Tensor


def code_distance(again: Codes, codes: Codes, planes: Tensor) -> Tensor:
    """Mean difference of read codes from the right ones, which stay as they are; absent regions do not count."""
    present = (planes.float().mean((2, 3)) > 0.002).float().unsqueeze(2)
    regions = (again.regions - codes.regions.detach()).abs() * present
    per_entry = regions.sum() / (present.sum() * regions.shape[2] + 1)
    return per_entry + (again.overall - codes.overall.detach()).abs().mean()
