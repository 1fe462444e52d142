"""Checkpoints come back as they were, or are refused with their name."""

import json
import re

import byhand.tensor as torch
import numpy as np
import pytest
from byhand.examples.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from safetensors.numpy import load_file, save_file


@pytest.fixture
def tree():
    torch.manual_seed(5)
    return {
        "model": {"0.weight": torch.randn(3, 2), "0.count": torch.tensor(7), "0.empty": torch.zeros(0, 4)},
        "optimizer": {"state": {0: {"step": torch.tensor(2.0), "none": None}}, "groups": [{"betas": [0.9, 0.999]}]},
        "random": torch.get_rng_state(),
        "history": [{"epoch": 1, "loss": 0.1 + 0.2}],
    }


def test_a_tree_comes_back_exactly(tmp_path, tree):
    save_checkpoint(tmp_path / "a", tree)
    back = load_checkpoint(tmp_path / "a")
    for name, expected in tree["model"].items():
        found = back["model"][name]
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
    assert back["optimizer"]["state"][0]["step"].item() == 2
    assert back["optimizer"]["state"][0]["none"] is None
    assert back["optimizer"]["groups"] == tree["optimizer"]["groups"]
    assert back["random"] == tree["random"]
    assert back["history"] == tree["history"]


def test_equal_trees_give_equal_files(tmp_path, tree):
    save_checkpoint(tmp_path / "a", tree)
    save_checkpoint(tmp_path / "b", load_checkpoint(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_any_reader_of_safetensors_finds_the_parameters(tmp_path, tree):
    save_checkpoint(tmp_path / "a", tree)
    arrays = load_file(tmp_path / "a")
    np.testing.assert_array_equal(arrays["model/0.weight"], tree["model"]["0.weight"].numpy())


def _refused(path, message):
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(CheckpointError, match=re.escape(str(path)) + r".*" + message):
        load_checkpoint(path)
    assert (path.read_bytes() if path.exists() else None) == before


def test_a_missing_file_is_refused(tmp_path):
    _refused(tmp_path / "a", "no such checkpoint")


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_file_cut_short_is_refused(tmp_path, tree, share):
    path = tmp_path / "a"
    save_checkpoint(path, tree)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    _refused(path, "cut short")


def test_a_flipped_bit_is_noticed_wherever_it_is(tmp_path, tree):
    path = tmp_path / "a"
    save_checkpoint(path, tree)
    whole = path.read_bytes()
    for place in range(8, len(whole), max(1, len(whole) // 60)):
        if whole[place : place + 1] == b" ":  # the padding of the header carries nothing
            continue
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        _refused(path, "")


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "a"
    path.write_text("not a checkpoint")
    _refused(path, "no safetensors file")
    save_file({"weight": np.ones(3)}, path)
    _refused(path, "not written by byhand")
    save_file({"weight": np.ones(3)}, path, metadata={"byhand": json.dumps({"format": "2", "tree": "", "sha256": ""})})
    _refused(path, "only a 'byhand checkpoint 1' can be read")


def test_a_failed_write_leaves_the_old_file(tmp_path, tree, monkeypatch):
    path = tmp_path / "a"
    save_checkpoint(path, tree)
    before = path.read_bytes()

    def interrupted(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, {"other": 1})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
