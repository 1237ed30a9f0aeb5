"""Background work with imported generators, run as the engine runs it."""

from pathlib import Path

import numpy as np
import pytest

from faceeditor.engine.generator_jobs import (
    DrawRecipes,
    DrawSamePerson,
    GeneratedFace,
    ImportGenerator,
    OpenGenerators,
)
from faceeditor.engine.jobs import JobContext
from faceeditor.engine.lanes import JobHandle
from faceeditor.errors import Cancelled, ModelError
from faceeditor.generators.imported.recipe import Recipe
from faceeditor.identity import recogniser
from tests.generators.imported.official import snapshot, stylegan2, write
from tests.identity.test_imported_space import MeanColours


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEEDITOR_GENERATORS", str(tmp_path / "generators"))
    monkeypatch.setenv("FACEEDITOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(recogniser, "load", lambda: MeanColours())


def context(said: list[tuple[float, str]], ticket: JobHandle | None = None) -> JobContext:
    def nothing(*_: object) -> None:
        raise AssertionError

    def tell(share: float, text: str) -> None:
        said.append((share, text))

    return JobContext(ticket or JobHandle(), tell, nothing, nothing, nothing, nothing)


def imported(tmp_path: Path) -> OpenGenerators:
    path = write(tmp_path / "net.pkl", snapshot(stylegan2(conv_clamp=1.0)))
    said: list[tuple[float, str]] = []
    assert ImportGenerator(path, "people").run(context(said)) == "people"
    assert [share for share, _ in said] == sorted(share for share, _ in said) and said[-1][0] == 1
    return OpenGenerators()


def test_faces_are_shown_one_after_the_other(tmp_path: Path) -> None:
    generators, faces, said = imported(tmp_path), [], []
    job = DrawRecipes(generators, "people", [("a", Recipe(0)), ("b", Recipe(1))], lambda *face: faces.append(face))
    assert job.run(context(said)) == 2
    assert [(number, face.title) for number, face in faces] == [(0, "a"), (1, "b")]
    assert not np.array_equal(faces[0][1].pixels, faces[1][1].pixels)
    assert [share for share, _ in said] == sorted(share for share, _ in said)


def test_cancelled_in_the_middle_of_a_face(tmp_path: Path) -> None:
    generators, faces = imported(tmp_path), []
    ticket = JobHandle()

    def show(number: int, face: GeneratedFace) -> None:
        faces.append(number)
        ticket.cancel()

    with pytest.raises(Cancelled):
        DrawRecipes(generators, "people", [("", Recipe(seed)) for seed in range(9)], show).run(context([], ticket))
    assert faces == [0]


@pytest.mark.parametrize("walk", [False, True])
def test_same_person(tmp_path: Path, walk: bool) -> None:
    generators, faces, said = imported(tmp_path), [], []
    job = DrawSamePerson(
        generators, "people", Recipe(2), 3, lambda *face: faces.append(face), pool=60, walk=walk, likeness=2.0
    )
    assert 0.5 < job.run(context(said)) <= 1
    assert [number for number, _ in faces] == [0, 1, 2, 3]
    assert faces[0][1].distance == 0 and all(face.distance is not None for _, face in faces)
    assert [share for share, _ in said] == sorted(share for share, _ in said) and said[-1][0] <= 1


def test_removed_generators(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no imported generator"):
        DrawRecipes(OpenGenerators(), "people", [("", Recipe())], lambda *_: None).run(context([]))
