"""Folders of real images: whatever their files are, they become samples."""

import numpy as np
import pytest

from seggui.core.ports import unwatched
from seggui.training.folders import open_labelled
from seggui.training.samples import readable
from seggui.training.split import split

pytestmark = pytest.mark.data


@pytest.mark.parametrize(
    ("name", "images", "classes"),
    [
        ("dsb2018", 113, 2),
        ("fruits_nuts", 13, 4),
        ("cwfid", 4, 3),
        ("droplets_via", 11, 2),
    ],
)
def test_a_real_folder_can_be_learnt_from(data_dir, name, images, classes):
    found = open_labelled(data_dir / name, (), unwatched)
    assert len(found.items) == images
    assert len(found.classes) == classes
    samples, good, problems = readable(found.items, 512, unwatched)
    assert len(good) == images
    assert problems == []
    for index in range(images):
        sample = samples[index]
        assert sample.image_hwc.shape == (*sample.channels_hw.shape, 3)
        assert set(np.unique(sample.channels_hw)) <= {*range(classes), 255}


def test_frames_of_one_film_stay_on_one_side(data_dir):
    found = open_labelled(data_dir / "davis2016", (), unwatched)
    parts = split(found.items, 0.2, 0, "sequence")
    films = [
        {found.items[place].name.rpartition("_")[0] for place in side}
        for side in (parts.training, parts.validation)
    ]
    assert not films[0] & films[1]
