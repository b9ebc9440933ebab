"""What every prompted model must do; a test class for a model inherits it."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.core.prompt import Point, Prompt
from seggui.errors import BadRequest, Cancelled

SHARES = st.floats(0, 0.999)
KINDS = ("whole", "part", "sub-part", "other")
CLICKS = st.lists(st.tuples(SHARES, SHARES, st.booleans()), min_size=1, max_size=8)


def scene_of(height, width, seed=0):
    """A bright disc on noise, and where the disc is."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    disc = np.hypot(rows - height / 2, columns - width / 2) < min(height, width) / 4
    image = rng.normal(70, 12, (height, width, 3))
    image[disc] += (110, 40, 0)
    return np.clip(image, 0, 255).astype(np.uint8), disc


class PromptedContract:
    """Inherit, and give a fixture ``model``; it should live as long as the class."""

    image_hwc, disc_hw = scene_of(60, 80)

    @pytest.fixture(scope="class")
    @classmethod
    def encoding(cls, model):
        return model.encode(cls.image_hwc, unwatched)

    def ask(self, model, encoding, *points, **more):
        prompt = Prompt(tuple(Point(*point) for point in points), **more)
        return model.decode(encoding, prompt, unwatched)

    def test_it_says_what_it_is(self, model):
        assert model.info.kind == "prompted"
        assert model.info.id
        assert model.info.title
        assert model.info.candidates >= 1

    def test_a_click_brings_candidates_best_first(self, model, encoding):
        candidates = self.ask(model, encoding, (40.5, 30.5))
        assert 1 <= len(candidates) <= model.info.candidates
        scores = [candidate.score for candidate in candidates]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        for candidate in candidates:
            assert (candidate.mask.width, candidate.mask.height) == (80, 60)
            assert candidate.granularity in KINDS

    def test_the_probability_lies_in_its_box(self, model, encoding):
        for candidate in self.ask(model, encoding, (40.5, 30.5)):
            if candidate.probability is not None:
                box = candidate.probability.box
                assert candidate.probability.values_hw.shape == (box.height, box.width)
                assert candidate.probability.values_hw.dtype == np.uint8
                assert box.clipped(80, 60) == box

    def test_asking_twice_gives_the_same_answer(self, model):
        answers = []
        for _ in range(2):
            encoding = model.encode(self.image_hwc, unwatched)
            answers.append(self.ask(model, encoding, (40.5, 30.5), (5, 5, False)))
        for one, two in zip(*answers, strict=True):
            assert one.mask.same_pixels(two.mask)
            assert one.score == two.score

    def test_an_answer_does_not_depend_on_earlier_questions(self, model, encoding):
        fresh = model.encode(self.image_hwc, unwatched)
        for x in (3, 20, 44, 70):
            self.ask(model, encoding, (x, 12))
        one = self.ask(model, fresh, (40.5, 30.5))[0].mask
        assert one.same_pixels(self.ask(model, encoding, (40.5, 30.5))[0].mask)

    def test_the_image_is_left_as_it_was(self, model):
        image = self.image_hwc.copy()
        image.flags.writeable = False
        self.ask(model, model.encode(image, unwatched), (40.5, 30.5))
        assert np.array_equal(image, self.image_hwc)

    # The same test runs in a class for each model.
    @settings(
        deadline=None,
        max_examples=30,
        suppress_health_check=[HealthCheck.differing_executors],
    )
    @given(clicks=CLICKS)
    def test_each_click_is_honoured_in_every_candidate(self, model, encoding, clicks):
        points = [(x * 80, y * 60, positive) for x, y, positive in clicks]
        # Of clicks on one pixel the last one counts.
        wished = {(int(x), int(y)): positive for x, y, positive in points}
        if not any(wished.values()):
            points.append((40.5, 30.5, True))
            wished[40, 30] = True
        for candidate in self.ask(model, encoding, *points):
            for (x, y), positive in wished.items():
                assert candidate.mask.contains(x, y) == positive

    def test_a_box_is_a_hard_outside(self, model, encoding):
        box = Box(25, 15, 52, 44)
        for points in ((), ((40.5, 30.5),)):
            for candidate in self.ask(model, encoding, *points, box=box):
                inner = candidate.mask.bbox
                assert box.union(inner) == box
                assert not candidate.mask.is_empty

    def test_a_previous_mask_far_from_the_click_stays(self, model, encoding):
        far = Mask.from_window(60, 80, Box(1, 1, 7, 9), np.ones((8, 6)))
        for candidate in self.ask(model, encoding, (40.5, 30.5), previous=far):
            assert candidate.mask.window(Box(1, 1, 7, 9)).all()

    def test_a_negative_click_takes_from_a_mask_that_another_made(
        self, model, encoding
    ):
        every = Mask.full(60, 80)
        mask = self.ask(model, encoding, (5.5, 5.5, False), previous=every)[0].mask
        assert not mask.contains(5.5, 5.5)
        assert mask.area < every.area

    def test_a_click_in_each_corner_is_answered(self, model, encoding):
        for x, y in ((0, 0), (79.9, 0), (0, 59.9), (79.9, 59.9)):
            assert self.ask(model, encoding, (x, y))[0].mask.contains(x, y)

    def test_many_clicks_are_honoured(self, model, encoding):
        spots = [(x + 0.5, y + 0.5) for y in range(5, 55, 2) for x in range(10, 70, 3)]
        points = [(x, y, bool(self.disc_hw[int(y), int(x)])) for x, y in spots[:500]]
        mask = self.ask(model, encoding, *points)[0].mask
        assert all(mask.contains(x, y) == positive for x, y, positive in points)

    def test_one_pixel_is_an_image(self, model):
        encoding = model.encode(np.full((1, 1, 3), 7, np.uint8), unwatched)
        assert self.ask(model, encoding, (0.5, 0.5))[0].mask.area == 1

    @pytest.mark.parametrize(
        "prompt",
        [
            Prompt(),
            Prompt((Point(80, 10),)),
            Prompt((Point(float("nan"), 10),)),
            Prompt(box=Box(10, 10, 10, 20)),
            Prompt((Point(1, 1),), previous=Mask.empty(3, 3)),
        ],
    )
    def test_a_prompt_that_makes_no_sense_is_refused(self, model, encoding, prompt):
        with pytest.raises(BadRequest):
            model.decode(encoding, prompt, unwatched)

    def test_work_stops_when_nobody_waits(self, model, encoding):
        def gone(done, total, what):
            raise Cancelled

        with pytest.raises(Cancelled):
            model.encode(self.image_hwc, gone)
        with pytest.raises(Cancelled):
            model.decode(encoding, Prompt((Point(40.5, 30.5),)), gone)
