"""Passes over images: direction, corrections, lost objects, an engine that dies."""

import itertools
import time

import numpy as np
import pytest
from propagating_hosts import ENGINE, ShiftHost

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.errors import BadRequest, Cancelled, Unreadable
from seggui.jobs.batch import Lending, run_batch
from seggui.jobs.in_process import InProcessClient
from seggui.jobs.propagation import Propagation, range_from, sequence_around
from seggui.jobs.shared import SharedImages
from seggui.jobs.worker_client import WorkerClient

NAMES = tuple(f"f{k}.png" for k in range(8))


def square(x, y=4):
    return Mask.from_window(20, 40, Box(x, y, x + 5, y + 5), np.ones((5, 5), bool))


@pytest.fixture
def place():
    """Makes a place to work in; images are all alike, their keys are their names."""
    made = []

    def make(host=None, unreadable=(), client=None):
        client = client or InProcessClient(host, lambda reply: None)
        images = SharedImages()
        made.extend((client, images))

        def read(name):
            if name in unreadable:
                raise Unreadable(name, "it is cut short")
            return name, np.zeros((20, 40, 3), np.uint8)

        return Lending(client, images, itertools.count(1).__next__, read)

    yield make
    for one in made:
        one.close()


def propagated(place, start="f2.png", direction="forward", **how):
    """Run it; returns where the object is by image, the result and the work."""
    known = how.pop("known", {})
    report = how.pop("report", lambda progress: None)
    images = range_from(NAMES, start, direction, how.pop("most", 0))
    work = Propagation(
        place,
        how.pop("model", "shift"),
        start,
        how.pop("seeds", {"a": square(10)}),
        images,
        lambda name: known.get(name, {}),
        **how,
    )
    found = {}
    result = run_batch(images.names, work, found.__setitem__, report)
    work.close()
    places = {
        name: {track: one.mask.bbox.x0 for track, one in objects.items()}
        for name, objects in found.items()
    }
    return places, result, work


def test_a_sequence_is_a_folder_or_the_pages_of_a_file():
    names = ("a/1.png", "a/2.png", "b/1.tif", "b/1.tif#2", "b/2.png", "3.png")
    assert sequence_around(names, "a/2.png") == ("a/1.png", "a/2.png")
    assert sequence_around(names, "b/1.tif#2") == ("b/1.tif", "b/1.tif#2")
    assert sequence_around(names, "3.png") == ("3.png",)


def test_a_range_goes_from_near_to_far_and_ends_where_it_is_said():
    both = range_from(NAMES, "f2.png", "both", 3)
    assert both.forward == ("f3.png", "f4.png", "f5.png")
    assert both.backward == ("f1.png", "f0.png")
    assert range_from(NAMES, "f2.png", "backward").names == both.backward
    with pytest.raises(BadRequest, match=r"after f7\.png"):
        range_from(NAMES, "f7.png", "forward")


def test_each_direction_begins_at_the_first_image(place):
    host = ShiftHost()
    places, result, _ = propagated(place(host), direction="both", most=2)
    assert result.done == ("f3.png", "f4.png", "f1.png", "f0.png")
    # The host moves everything by one pixel each time.
    assert [row["a"] for row in places.values()] == [11, 12, 11, 12]
    assert host.begun == ["f2.png", "f2.png"]


def test_at_the_end_the_engine_is_told_to_forget(place):
    host = ShiftHost()
    propagated(place(host), direction="both", most=1)
    assert len(set(host.sequences)) == 2
    # The engine hears of it on a thread of its own.
    end = time.monotonic() + 30
    while not set(host.sequences) <= set(host.forgotten):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_a_person_said_on_the_way_is_where_it_goes_on_from(place):
    known = {"f4.png": {"a": square(30), "other": square(0)}}
    places, _, _ = propagated(place(ShiftHost()), most=3, known=known)
    assert places == {"f3.png": {"a": 11}, "f4.png": {}, "f5.png": {"a": 31}}


def test_an_unreadable_image_is_told_and_the_next_goes_on(place):
    places, result, _ = propagated(place(ShiftHost(), unreadable=("f4.png",)), most=3)
    assert [failure.name for failure in result.failures] == ["f4.png"]
    assert places == {"f3.png": {"a": 11}, "f5.png": {"a": 12}}


def test_after_three_images_without_any_object_it_stops(place):
    _, result, work = propagated(
        place(ShiftHost(gone_after=2)), start="f0.png", seeds={"a": square(9)}
    )
    assert work.lost == {"forward": "f2.png"}
    assert result.done == ("f1.png", "f2.png", "f3.png", "f4.png", "f5.png")
    assert result.passed == ("f6.png", "f7.png")
    assert not result.cancelled


def test_it_goes_on_to_the_end_when_that_is_wished(place):
    _, result, work = propagated(
        place(ShiftHost(gone_after=1)), start="f0.png", until_lost=False
    )
    assert len(result.done) == 7
    assert work.lost == {}


def test_being_lost_forward_does_not_keep_it_from_going_backward(place):
    places, result, work = propagated(
        place(ShiftHost(gone_on={"f3.png", "f4.png", "f5.png"})), direction="both"
    )
    assert work.lost == {"forward": "f2.png"}
    assert result.passed == ("f6.png", "f7.png")
    assert places["f0.png"] == {"a": 12}


@pytest.mark.parametrize("seeds", [{}, {"a": Mask.empty(20, 40)}])
def test_nothing_to_carry_is_told_before_anything_is_asked(place, seeds):
    with pytest.raises(BadRequest, match=r"nothing on f2\.png"):
        propagated(place(ShiftHost()), seeds=seeds)


def test_an_engine_that_has_forgotten_is_shown_the_last_good_image(place):
    host = ShiftHost(forgets_before={"f5.png"})
    places, result, _ = propagated(place(host), most=4)
    assert [row["a"] for row in places.values()] == [11, 12, 13, 14]
    assert host.begun == ["f2.png", "f4.png"]
    assert not result.failures


def test_an_engine_that_dies_in_the_middle_costs_no_image(place):
    lost = []
    client = WorkerClient(ENGINE, lambda reply: None, on_lost=lost.append)
    places, result, _ = propagated(place(client=client), model="dies-once", most=4)
    assert [row["a"] for row in places.values()] == [11, 12, 13, 14]
    assert not result.failures
    assert len(lost) == 1


def test_an_image_that_kills_every_engine_is_told_and_passed_over(place):
    client = WorkerClient(ENGINE, lambda reply: None)
    places, result, _ = propagated(place(client=client), model="f4 kills", most=3)
    assert [failure.name for failure in result.failures] == ["f4.png"]
    assert places == {"f3.png": {"a": 11}, "f5.png": {"a": 12}}


def test_what_the_model_refuses_is_told_and_the_pass_goes_on(place):
    host = ShiftHost(refuses={"f4.png"})
    places, result, _ = propagated(place(host), most=3)
    assert "does not fit" in result.failures[0].text
    assert places["f5.png"] == {"a": 12}
    assert host.begun == ["f2.png"]


def test_a_cancel_keeps_what_was_delivered(place):
    def report(progress):
        if progress.done == 2:
            raise Cancelled

    places, result, _ = propagated(place(ShiftHost()), report=report)
    assert result.cancelled
    assert list(places) == ["f3.png", "f4.png"]


def test_a_mistake_of_the_model_is_told_as_one(place):
    host = ShiftHost(slips={"f3.png"})
    _, result, _ = propagated(place(host), most=2)
    assert "mistake in seggui" in result.failures[0].text
    assert result.done == ("f4.png",)


def test_followed_masks_travel_between_processes(place):
    client = WorkerClient(ENGINE, lambda reply: None)
    places, result, _ = propagated(
        place(client=client), most=1, seeds={"a": square(3), "b": square(20)}
    )
    assert places == {"f3.png": {"a": 4, "b": 21}}
    assert result.done == ("f3.png",)
