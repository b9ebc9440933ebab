"""SAM 3 keeps the contract of prompted models, and reads words and examples."""

import numpy as np
import pytest
import sam3_tiny
import torch
from contract import PromptedContract

from seggui.core.geometry import Box
from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.core.prompt import Point, Prompt
from seggui.errors import BadRequest, Unreadable
from seggui.models.prompted.sam import sam3_networks
from seggui.models.prompted.sam.sam3 import open_third


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return sam3_tiny.folder(tmp_path_factory.mktemp("sam3") / "model")


class TestSam3(PromptedContract):
    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, folder):
        return sam3_tiny.model(folder, sureness=0.0)

    def ask_for(self, model, encoding, **parts):
        return model.decode(encoding, Prompt(**parts), unwatched)

    def test_a_word_brings_every_object_of_its_kind(self, model, encoding):
        found = self.ask_for(model, encoding, text="cup")
        assert len(found) > 1
        assert {candidate.class_name for candidate in found} == {"cup"}
        scores = [candidate.score for candidate in found]
        assert scores == sorted(scores, reverse=True)
        assert not any(candidate.mask.is_empty for candidate in found)

    def test_another_word_means_something_else(self, model, encoding):
        one = self.ask_for(model, encoding, text="cup")
        two = self.ask_for(model, encoding, text="leaf")
        assert [c.score for c in one] != [c.score for c in two]

    def test_examples_bring_what_is_like_them(self, model, encoding):
        one = self.ask_for(model, encoding, exemplars=(Box(30, 20, 50, 40),))
        two = self.ask_for(model, encoding, exemplars=(Box(0, 0, 9, 9),))
        assert one[0].class_name is None
        assert [c.score for c in one] != [c.score for c in two]

    def test_a_word_and_an_example_are_read_together(self, model, encoding):
        box = Box(30, 20, 50, 40)
        both = self.ask_for(model, encoding, text="cup", exemplars=(box,))
        word = self.ask_for(model, encoding, text="cup")
        assert [c.score for c in both] != [c.score for c in word]

    def test_the_box_that_stands_for_no_examples_is_not_looked_at(
        self, model, encoding, monkeypatch
    ):
        one = self.ask_for(model, encoding, text="cup")
        monkeypatch.setattr(sam3_networks, "_WHOLE", (0.4, 0.1, 0.5, 0.3))
        two = self.ask_for(model, encoding, text="cup")
        assert [c.score for c in one] == pytest.approx([c.score for c in two])
        monkeypatch.setattr(sam3_networks, "_examples", lambda boxes, device: {})
        without = self.ask_for(model, encoding, text="cup")
        assert [c.score for c in one] != pytest.approx([c.score for c in without])

    def test_points_and_a_box_choose_among_the_objects(self, model, encoding):
        found = self.ask_for(model, encoding, text="cup")
        row, column = np.argwhere(found[0].mask.dense())[0]
        on = Point(column + 0.5, row + 0.5)
        off = Point(on.x, on.y, positive=False)
        chosen = self.ask_for(model, encoding, text="cup", points=(on,))
        assert [c.score for c in chosen] == [
            c.score for c in found if c.mask.contains(on.x, on.y)
        ]
        if len(chosen) == len(found):
            with pytest.raises(BadRequest):
                self.ask_for(model, encoding, text="cup", points=(off,))
        else:
            rest = self.ask_for(model, encoding, text="cup", points=(off,))
            assert len(rest) == len(found) - len(chosen)
        everywhere = self.ask_for(model, encoding, text="cup", box=Box(0, 0, 80, 60))
        assert len(everywhere) == len(found)

    def test_a_sureness_that_nothing_reaches_is_said(self, model, encoding):
        with pytest.raises(BadRequest, match="does not see 'cup'"):
            self.ask_for(model, encoding, text="cup", settings=(("sureness", 1.0),))

    def test_an_object_found_by_a_word_can_be_corrected(self, model, encoding):
        first = self.ask_for(model, encoding, text="cup")[0]
        point = Point(40.5, 30.5)
        corrected = self.ask_for(
            model,
            encoding,
            points=(point,),
            previous=first.mask,
            logits=first.logits,
        )
        assert corrected[0].mask.contains(40, 30)

    def test_an_encoding_from_the_disk_reads_words_too(self, model, encoding):
        again = model.unpack(model.pack(encoding), self.image_hwc)
        one = self.ask_for(model, again, text="cup")
        two = self.ask_for(model, encoding, text="cup")
        assert len(one) == len(two)
        assert one[0].score == pytest.approx(two[0].score, abs=1e-2)


def test_a_folder_of_hugging_face_opens(folder):
    model = open_third(sam3_tiny.info(0.0), folder)
    encoding = model.encode(PromptedContract.image_hwc, unwatched)
    assert model.decode(encoding, Prompt(text="cup"), unwatched)
    like = Prompt(exemplars=(Box(30, 20, 50, 40),))
    assert model.decode(encoding, like, unwatched)
    assert open_third(sam3_tiny.info(), folder / "model.safetensors").info.id == "sam3"


def test_clicks_work_without_the_tokenizer_and_words_say_what_is_missing(tmp_path):
    model = sam3_tiny.model(tmp_path)
    encoding = model.encode(PromptedContract.image_hwc, unwatched)
    assert model.decode(encoding, Prompt((Point(40, 30),)), unwatched)
    with pytest.raises(BadRequest, match=r"tokenizer\.json"):
        model.decode(encoding, Prompt(text="cup"), unwatched)


def test_another_model_is_refused(tmp_path, folder):
    from sam2_tiny import folder_of, network_of

    other = folder_of(tmp_path / "sam2", network_of("sam2.1-tiny"))
    with pytest.raises(Unreadable, match="sam2_video"):
        open_third(sam3_tiny.info(), other)


def test_the_tracker_and_the_detector_share_one_encoder(folder):
    model = sam3_tiny.model(folder)
    heads = model._backbone.heads
    assert heads.network.vision_encoder is None
    with torch.inference_mode():
        features = model._backbone.encode(torch.zeros(1, 3, heads.side, heads.side))
    assert {n: tuple(v.shape) for n, v in features.items()} == model._backbone.shapes


def test_masks_are_as_large_as_the_image(folder):
    model = sam3_tiny.model(folder, sureness=0.0)
    encoding = model.encode(PromptedContract.image_hwc, unwatched)
    for candidate in model.decode(encoding, Prompt(text="cup"), unwatched):
        assert isinstance(candidate.mask, Mask)
        assert (candidate.mask.width, candidate.mask.height) == (80, 60)


def test_words_are_read_again_on_the_device_that_the_network_moved_to(
    folder, monkeypatch
):
    concepts = sam3_tiny.model(folder)._concepts
    read, tokens_of = [], concepts._tokens

    def noted(text):
        read.append(text)
        return tokens_of(text)

    monkeypatch.setattr(concepts, "_tokens", noted)
    with torch.inference_mode():
        for device in ("cpu", "cpu", "cpu:0"):
            concepts._heads.device = torch.device(device)
            concepts._text("cup")
    assert read == ["cup", "cup"]
