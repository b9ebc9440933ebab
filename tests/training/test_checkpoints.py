import random

import pytest
import torch

from seggui.errors import Unreadable
from seggui.training.checkpoints import BEST, LAST, MANIFEST, PREVIOUS, Checkpoints


def content(number):
    return {"network": {"w": torch.full((50,), float(number))}, "epoch": number}


@pytest.fixture
def kept(tmp_path):
    return Checkpoints(tmp_path)


def test_the_last_one_comes_back(kept):
    kept.save_last(content(1))
    kept.save_last(content(2))
    loaded = kept.load_last()
    assert loaded.content["epoch"] == 2
    assert loaded.note == ""


def test_nothing_saved_is_nothing_to_load(kept):
    assert kept.load_last() is None
    assert kept.load_best() is None


@pytest.mark.parametrize("seed", range(40))
def test_any_damage_is_noticed_and_the_one_before_is_taken(kept, tmp_path, seed):
    kept.save_last(content(1))
    kept.save_last(content(2))
    data = bytearray((tmp_path / LAST).read_bytes())
    rng = random.Random(seed)
    if seed % 2:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    else:
        del data[rng.randrange(len(data)) :]
    (tmp_path / LAST).write_bytes(data)
    loaded = kept.load_last()
    assert loaded.content["epoch"] == 1
    assert "damaged" in loaded.note
    kept.save_last(content(3))
    assert kept.load_last().content["epoch"] == 3
    assert Checkpoints(tmp_path)._read(tmp_path / PREVIOUS)["epoch"] == 1


def test_all_damaged_is_said_in_words(kept, tmp_path):
    kept.save_last(content(1))
    (tmp_path / LAST).write_bytes(b"nothing")
    with pytest.raises(Unreadable, match="no whole one before it"):
        kept.load_last()


@pytest.mark.parametrize("damage", [b"", b'{"sha256": ["3', b"{}", None])
def test_a_damaged_list_costs_no_checkpoint(kept, tmp_path, damage):
    kept.save_best(content(1))
    kept.save_last(content(1))
    kept.save_last(content(2))
    if damage is None:
        (tmp_path / MANIFEST).unlink()
    else:
        (tmp_path / MANIFEST).write_bytes(damage)
    assert kept.load_last().content["epoch"] == 2
    data = (tmp_path / LAST).read_bytes()
    (tmp_path / LAST).write_bytes(data[: len(data) // 2])
    assert kept.load_last().content["epoch"] == 1, "a cut one is still told apart"
    kept.save_last(content(3))
    assert kept.load_best()["epoch"] == 1
    assert Checkpoints(tmp_path)._read(tmp_path / PREVIOUS)["epoch"] == 1


def test_the_best_stays_valid_while_many_last_ones_pass(kept, tmp_path):
    kept.save_best(content(7))
    for number in range(30):
        kept.save_last(content(number))
    assert kept.load_best()["epoch"] == 7
    (tmp_path / BEST).write_bytes(b"x")
    assert kept.load_best() is None


def test_death_between_manifest_and_file_keeps_the_old_one_valid(kept, tmp_path):
    kept.save_last(content(1))
    kept._listed(content(2))  # the manifest is written, the file is not
    assert Checkpoints(tmp_path).load_last().content["epoch"] == 1
