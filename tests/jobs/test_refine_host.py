"""The refine process, whole: recipes, and the cancel of a dense CRF."""

import queue
import time

import numpy as np
import pytest

from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.errors import BadRequest, Cancelled
from seggui.jobs.messages import Failed, Progress, Refine, Refined
from seggui.jobs.refine_host import open_host
from seggui.jobs.shared import SharedImages
from seggui.jobs.worker_client import WorkerClient


@pytest.fixture
def images():
    images = SharedImages()
    yield images
    images.close()


def blobs(side=60):
    pixels = np.zeros((side, side), bool)
    pixels[5:25, 5:25] = pixels[40:50, 40:50] = True
    return Mask.from_dense(pixels)


def test_each_mask_keeps_its_place(images):
    image = images.share("a", np.zeros((60, 60, 3), np.uint8))
    masks = (blobs(), Mask.empty(60, 60))
    reply = open_host().handle(Refine(1, image, masks, "largest"), unwatched)
    assert reply.masks[0][0].area == 400
    assert reply.masks[1] == ()
    parts = open_host().handle(Refine(2, image, masks, "split"), unwatched)
    assert [m.area for m in parts.masks[0]] == [400, 100]


def test_a_recipe_that_makes_no_sense_is_refused(images):
    image = images.share("a", np.zeros((60, 60, 3), np.uint8))
    with pytest.raises(BadRequest):
        open_host().handle(Refine(1, image, (blobs(),), "polish"), unwatched)


def test_it_stops_between_masks(images):
    def report(done, total, what):
        assert total == 200
        if done == 100:
            raise Cancelled

    image = images.share("a", np.zeros((60, 60, 3), np.uint8))
    with pytest.raises(Cancelled):
        open_host().handle(Refine(1, image, (blobs(), blobs()), ""), report)


def test_a_crf_on_a_large_image_can_be_cancelled_and_the_process_goes_on(images):
    side = 3000
    dice = np.random.default_rng(0)
    pixels = dice.integers(0, 256, (side, side, 3), dtype=np.uint8)
    image = images.share("a", pixels)
    noise = Mask.from_dense(dice.random((side, side)) < 0.5)
    replies = queue.Queue()
    client = WorkerClient(
        "seggui.jobs.refine_host:open_host",
        replies.put,
        name="refine process",
        kill_after_s=0.5,
    )
    try:
        client.request(Refine(1, image, (noise,), "crf:iterations=50"))
        while not isinstance(replies.get(timeout=60), Progress):
            continue
        start_s = time.monotonic()
        client.cancel(1)
        reply = replies.get(timeout=60)
        while isinstance(reply, Progress):
            reply = replies.get(timeout=60)
        elapsed_s = time.monotonic() - start_s
        assert isinstance(reply, Failed)
        assert reply.reason == "cancelled"
        assert elapsed_s < 30, "far below the minutes that this CRF takes"
        client.request(Refine(2, image, (blobs(side),), "largest"))
        reply = replies.get(timeout=60)
        while isinstance(reply, Progress):
            reply = replies.get(timeout=60)
        assert isinstance(reply, Refined)
    finally:
        client.close()
