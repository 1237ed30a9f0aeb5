"""A data set made on a Ray cluster of two nodes on this machine, one of whose workers is killed."""

import pytest

from faceeditor.errors import FaceEditorError
from faceeditor.identity import cluster, dataset
from faceeditor.identity.dataset import Plan, missing_shards, open_folder
from tests.identity.people import open_studio, open_studio_once_killed
from tests.identity.test_dataset import content, made

PLAN = Plan(people=40, each=3, likeness=0.2)


def test_without_ray_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(FaceEditorError, match=r"pip install 'faceeditor\[cluster\]'"):
        cluster.make_on_ray(PLAN, tmp_path, [0], open_studio, "", lambda count: None)


def test_a_cluster_that_is_not_there(tmp_path):
    pytest.importorskip("ray", reason="SKIPPED: Ray is not installed (the extra “cluster”)")
    with pytest.raises(FaceEditorError, match="cannot be reached"):
        cluster.make_on_ray(PLAN, tmp_path, [0], open_studio, "127.0.0.1:1", lambda count: None)


@pytest.mark.timeout(280)
def test_two_nodes_make_the_same_though_a_worker_is_killed(tmp_path):
    pytest.importorskip("ray", reason="SKIPPED: Ray is not installed (the extra “cluster”)")
    from ray.cluster_utils import Cluster

    alone = made(tmp_path / "alone", PLAN)
    folder = tmp_path / "set"
    open_folder(folder, PLAN)
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        nodes.add_node(num_cpus=1)
        counts = []
        missing = missing_shards(folder, PLAN)
        cluster.make_on_ray(PLAN, folder, missing, open_studio_once_killed, nodes.address, counts.append)
    finally:
        nodes.shutdown()
    assert (folder / "killed").exists() and counts == [1, 2, 3, 4]
    dataset.clean(folder)
    assert content(folder) == alone
