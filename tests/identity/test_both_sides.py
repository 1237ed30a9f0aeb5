"""Data sets in the W of an imported generator, and the far side of a boundary as a second identity."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from faceeditor.cli import main
from faceeditor.errors import FaceEditorError
from faceeditor.generators.imported.generator import ImportedGenerator
from faceeditor.identity import dataset
from faceeditor.identity.boundary import boundary_of
from faceeditor.identity.dataset import Plan, missing_shards, open_folder, read_rows, write_index
from faceeditor.identity.exfacegan import ExFaceGan
from faceeditor.identity.imported_space import ImportedSpace
from faceeditor.identity.imported_studio import ImportedStudio
from faceeditor.identity.pool import filled_pool
from faceeditor.identity.shards import PortraitStudio, make_shard
from faceeditor.identity.spaces import PortraitSpace
from faceeditor.identity.verification import load_people, side_figures
from tests.generators.imported.official import STYLEGAN2, random_network, snapshot, write
from tests.generators.imported.test_importing import stylegan2
from tests.identity.people import FirstCode, Mean, Painter, ShapePrior, portrait
from tests.identity.test_dataset import content

PLAN = Plan(25, 3, "exfacegan", pool=60, variety=1.0, generator="net", both_sides=True)


@pytest.fixture(scope="module")
def space():
    config = {**STYLEGAN2, "synthesis": {**STYLEGAN2["synthesis"], "clamp": 1.0}}
    return ImportedSpace(ImportedGenerator("net", "stylegan2", config, random_network(config), "key"), psi=1.0)


def make(plan, folder, space, shards, step=lambda share, text: None):
    open_folder(folder, plan)
    for shard in shards:  # each by a worker of its own
        studio = ImportedStudio(plan, folder, space, Mean(), step)
        make_shard(plan, folder, shard, studio)
        studio.close()
    return content(folder)


@pytest.fixture(scope="module")
def whole(space, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "set"
    make(PLAN, folder, space, range(PLAN.shards))
    return folder


def test_the_same_files_whoever_makes_them_and_in_whatever_order(whole, space, tmp_path):
    class StopError(Exception):
        pass

    def stop(share, text):
        if share > 0.9:
            raise StopError

    folder = tmp_path / "set"
    with pytest.raises(StopError):
        make(PLAN, folder, space, [2], stop)
    assert make(PLAN, folder, space, [2, 0, 1]) == content(whole)
    assert missing_shards(folder, PLAN) == []


def test_both_sides_are_two_people_of_one_reference(whole, space):
    rows = read_rows(whole)
    assert len(rows) == 75 and [row["side"] for row in rows[:6]] == ["near"] * 3 + ["far"] * 3
    assert {row["method"] for row in rows if row["picture"] == "0"} == {"reference"}
    assert all(float(row["distance"]) == 0 for row in rows if row["picture"] == "0")
    assert all(float(row["distance"]) < 0.6 or row["alike"] == "0" for row in rows)
    people = load_people(whole)
    between = side_figures(people)["distance between sides"]
    within = np.mean([np.linalg.norm(people.embeddings[i] - people.embeddings[i + 1]) for i in range(0, 75, 3)])
    assert between > 1.2 * within
    assert write_index(whole) == 75


def test_one_side_alone_is_that_of_the_person(space, tmp_path):
    plan = replace(PLAN, people=4, both_sides=False)
    make(plan, tmp_path / "one", space, [0])
    rows = read_rows(tmp_path / "one")
    assert {row["side"] for row in rows} == {"near"} and len(rows) == 12
    assert len({path for name, path in content(tmp_path / "one").items() if name.endswith("-00.jpg")}) == 4


def test_both_sides_of_our_own_generator(tmp_path):
    plan = Plan(4, 4, "exfacegan", both_sides=True, likeness=0.1)
    renderer, net, base = Painter(), Mean(), portrait(1)
    near = ExFaceGan(filled_pool(space := PortraitSpace("person", base, renderer), net, 60, folder=tmp_path), space,
                     net, renderer)  # fmt: skip
    studio = PortraitStudio(renderer, net, {"exfacegan": near}, [base, portrait(2)], FirstCode(), ShapePrior())
    own, other = (list(studio.pictures(plan, person)) for person in (2, 3))
    again = list(studio.pictures(plan, 3))
    assert [shot.facts["side"] for shot in (*own, *other)] == ["near"] * 4 + ["far"] * 4
    assert all(np.array_equal(a.picture.pixels, b.picture.pixels) for a, b in zip(other, again, strict=True))
    assert not np.array_equal(own[0].picture.pixels, other[0].picture.pixels)
    for shot in other[1:]:
        told = float(np.linalg.norm(shot.embedding - other[0].embedding))
        assert float(shot.facts["distance"]) == pytest.approx(told, abs=1e-3)  # to the second identity, not the first


def test_the_far_reference_is_on_the_other_side(space, tmp_path):
    pool = filled_pool(space, Mean(), 60, folder=tmp_path)
    studio = ImportedStudio(PLAN, tmp_path, space, Mean())
    latent = studio._reference(PLAN, 0)[0].latent
    far = list(studio.pictures(PLAN, 1))
    assert len(pool) == 60 and len(far) == 3
    embedding = studio._reference(PLAN, 0)[0].embedding
    found = boundary_of(studio._pool.latents, studio._pool.embeddings, embedding)
    home = float(found.side(latent))
    middle = latent + 0.5 * studio._largest * found.normal
    assert float(found.side(middle)) > home
    assert np.array_equal(next(iter(space.pictures([middle]))).pixels, far[0].picture.pixels)


def test_a_folder_of_an_earlier_version_goes_on(tmp_path):
    plan = Plan(10, 2, "exfacegan")
    open_folder(tmp_path / "set", plan)
    listing = tmp_path / "set" / dataset.LISTING
    old = {k: v for k, v in json.loads(listing.read_text()).items() if k not in ("generator", "both_sides", "label")}
    listing.write_text(json.dumps(old))
    open_folder(tmp_path / "set", plan)
    with pytest.raises(FaceEditorError, match=r"another both_sides \(False, and not True\)"):
        open_folder(tmp_path / "set", replace(plan, both_sides=True))


def test_values_that_do_not_go_together():
    for wrong, told in (
        ({"method": "head", "generator": "net"}, "by the method exfacegan alone"),
        ({"method": "head", "both_sides": True}, "has two sides"),
        ({"method": "exfacegan", "both_sides": True, "variety": 0.0}, "variety 0"),
        ({"method": "exfacegan", "generator": "net", "variety": 11.0}, "not within 0 to 10"),
    ):
        with pytest.raises(FaceEditorError, match=told):
            Plan(2, 2, **wrong)


def test_command_line(tmp_path, monkeypatch, capsys):
    from faceeditor.identity import recogniser

    monkeypatch.setenv("FACEEDITOR_GENERATORS", str(tmp_path / "generators"))
    monkeypatch.setattr(recogniser, "load", lambda backend="": Mean())
    write(tmp_path / "net.pkl", snapshot(stylegan2()))
    assert main(["import-generator", str(tmp_path / "net.pkl"), "-o", "net"]) == 0
    command = ["identity", "dataset", "--people", "4", "--each", "2", "--pool", "40", "--workers", "1"]
    chosen = [*command, "--out", str(tmp_path / "set"), "--generator", "net", "--both-sides"]
    threads = torch.get_num_threads()
    assert main(chosen) == 0 and torch.get_num_threads() == threads
    assert "8 pictures of 4 people" in capsys.readouterr().out
    before = content(tmp_path / "set")
    assert main(chosen) == 0 and content(tmp_path / "set") == before
    assert main([*chosen, "--variety", "3"]) == 1
    assert "another variety (2.0, and not 3.0)" in capsys.readouterr().err
    assert main(["identity", "evaluate", str(tmp_path / "set")]) == 0
    assert "distance between sides" in capsys.readouterr().out
    assert main([*command, "--out", str(tmp_path / "new"), "--generator", "nobody"]) == 1
    assert "no imported generator “nobody”" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
