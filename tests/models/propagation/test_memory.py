"""Carrying masks with the memory of SAM 2.1, EdgeTAM and SAM 3, on tiny networks."""

import numpy as np
import pytest
import sam3_tiny
import torch
from sam2_tiny import NETWORKS, folder_of, info_of, network_of, opened

from seggui.core.mask import Mask
from seggui.core.ports import unwatched
from seggui.errors import BadRequest, Cancelled
from seggui.models.devices import Device
from seggui.models.prompted.sam.sam2 import Sam2Heads
from seggui.models.prompted.sam.sam3_networks import Sam3Heads
from seggui.models.propagation import third
from seggui.models.propagation.memory import MOST_TOLD, MemoryModel, open_memory

HEIGHT, WIDTH = 60, 90
CPU = Device("cpu", "for a test")


def frame_at(step):
    """A bright disc that moves to the right over noise, and where it is."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    disc = np.hypot(rows - 30, columns - 20 - 4 * step) < 12
    noise = np.random.default_rng(step).normal(80, 10, (HEIGHT, WIDTH, 3))
    noise[disc] += (120, 30, 0)
    return np.clip(noise, 0, 255).astype(np.uint8), Mask.from_dense(disc)


@pytest.fixture(scope="module", params=[*sorted(NETWORKS), "sam3"])
def model(request):
    return memory_model(request.param)


def memory_model(name, precision="float32"):
    if name == "sam3":
        heads = Sam3Heads(sam3_tiny.network(), CPU, precision)
    else:
        heads = Sam2Heads(opened(name).network, CPU, precision)
    # Weights by chance may say that there never is an object.
    with torch.no_grad():
        heads.decoder.pred_obj_score_head.layers[-1].bias.fill_(50)
    return MemoryModel(info_of(name), heads)


def follow(model, memory, step, **known):
    return model.follow(memory, frame_at(step)[0], known, unwatched)


def test_an_object_is_carried_on_from_the_image_it_was_given_on(model):
    memory = model.begin()
    assert follow(model, memory, 0, disc=frame_at(0)[1]) == {}
    for step in (1, 2):
        found = follow(model, memory, step)
        assert set(found) == {"disc"}
        mask = found["disc"].mask
        assert (mask.height, mask.width) == (HEIGHT, WIDTH)
        assert 0 <= found["disc"].score <= 1


def test_objects_given_on_an_image_are_not_looked_for_there(model):
    memory = model.begin()
    follow(model, memory, 0, one=frame_at(0)[1], two=frame_at(5)[1])
    found = follow(model, memory, 1, one=frame_at(1)[1], three=frame_at(7)[1])
    assert set(found) == {"two"}
    assert set(follow(model, memory, 2)) == {"one", "two", "three"}


def logits_of(model, known_by_step, steps, name="disc"):
    """What the network says of an object, before the threshold."""
    said = []
    found = model._found

    def overheard(*arguments):
        answer = found(*arguments)
        said.append(answer[0].logits)
        return answer

    memory = model.begin()
    model._found = overheard
    try:
        for step in steps:
            follow(model, memory, step, **known_by_step.get(step, {}))
    finally:
        del model._found
    return said


def test_what_was_given_decides_what_is_found(model):
    one = logits_of(model, {0: {"disc": frame_at(0)[1]}}, (0, 1))[0]
    other = Mask.full(HEIGHT, WIDTH)
    two = logits_of(model, {0: {"disc": other}}, (0, 1))[0]
    assert not torch.equal(one, two)


def test_a_correction_changes_what_follows(model):
    start = {0: {"disc": frame_at(0)[1]}}
    straight = logits_of(model, start, (0, 1, 2, 3))
    correction = {2: {"disc": Mask.full(HEIGHT, WIDTH)}}
    corrected = logits_of(model, start | correction, (0, 1, 2, 3))
    assert torch.equal(straight[0], corrected[0])
    assert not torch.equal(straight[-1], corrected[-1])


def test_objects_do_not_disturb_each_other(model):
    alone = logits_of(model, {0: {"disc": frame_at(0)[1]}}, (0, 1))[-1]
    both = {0: {"disc": frame_at(0)[1], "other": frame_at(9)[1]}}
    assert torch.allclose(logits_of(model, both, (0, 1))[0], alone, atol=1e-5)


def remembered_bytes(memory):
    moments = [m for t in memory.traces.values() for m in (*t.told, *t.found)]
    tensors = [t for m in moments for t in (m.pointer, m.plane, m.places)]
    return sum(tensor.nbytes for tensor in tensors if tensor is not None)


def test_what_is_remembered_stays_bounded(model):
    memory = model.begin()
    sizes = []
    for step in range(26):
        known = {"given": frame_at(step)[1]} | (
            {} if step else {"disc": Mask.full(60, 90)}
        )
        follow(model, memory, step, **known)
        sizes.append(remembered_bytes(memory))
    assert sizes[-1] == sizes[-4]
    assert len(memory.traces["given"].told) == MOST_TOLD
    assert memory.traces["given"].told[0].step == 0
    assert memory.traces["given"].told[-1].step == 25


def test_old_places_are_forgotten_before_the_object_is(model):
    memory = model.begin()
    for step in range(20):
        follow(model, memory, step, **({} if step else {"disc": frame_at(0)[1]}))
    found = memory.traces["disc"].found
    assert [m.step for m in found] == list(range(5, 20))
    assert [m.step for m in found if m.plane is not None] == list(range(14, 20))


def test_a_cancelled_image_leaves_the_memory_as_it_was(model):
    def gone(done, total, what):
        if done == 2:
            raise Cancelled

    memory = model.begin()
    known = {"disc": frame_at(0)[1], "other": frame_at(9)[1]}
    follow(model, memory, 0, **known)
    step, traces = memory.step, dict(memory.traces)
    with pytest.raises(Cancelled):
        model.follow(memory, frame_at(1)[0], {}, gone)
    assert (memory.step, memory.traces) == (step, traces)
    assert set(follow(model, memory, 1)) == {"disc", "other"}


def test_an_object_that_is_not_there_has_an_empty_mask(model):
    head = model._heads.decoder.pred_obj_score_head.layers[-1].bias
    before = head.detach().clone()
    memory = model.begin()
    follow(model, memory, 0, disc=frame_at(0)[1])
    with torch.no_grad():
        head.fill_(-100)
    try:
        found = follow(model, memory, 1)["disc"]
    finally:
        with torch.no_grad():
            head.copy_(before)
    assert found.mask.is_empty
    assert found.score > 0.99


def test_an_empty_mask_says_that_the_object_is_not_here(model):
    start = {0: {"disc": frame_at(0)[1]}}
    gone = {1: {"disc": Mask.empty(HEIGHT, WIDTH)}}
    there = {1: {"disc": frame_at(1)[1]}}
    one = logits_of(model, start | gone, (0, 1, 2))[-1]
    two = logits_of(model, start | there, (0, 1, 2))[-1]
    assert not torch.equal(one, two)


def test_a_single_pixel_is_remembered(model):
    dot = np.zeros((HEIGHT, WIDTH), dtype=bool)
    dot[30, 40] = True
    one = logits_of(model, {0: {"disc": Mask.from_dense(dot)}}, (0, 1))[-1]
    none = logits_of(model, {0: {"disc": Mask.empty(HEIGHT, WIDTH)}}, (0, 1))[-1]
    assert not torch.equal(one, none)


def test_images_and_masks_of_other_sizes_are_refused(model):
    memory = model.begin()
    follow(model, memory, 0, disc=frame_at(0)[1])
    with pytest.raises(BadRequest, match="another size"):
        model.follow(memory, np.zeros((8, 9, 3), np.uint8), {}, unwatched)
    with pytest.raises(BadRequest, match="another size"):
        follow(model, memory, 1, disc=Mask.full(3, 3))
    assert set(follow(model, memory, 1)) == {"disc"}


def test_half_precision_remembers_in_half_the_room():
    exact, half = (memory_model("edgetam", p) for p in ("float32", "bfloat16"))
    sizes = []
    for model in (exact, half):
        memory = model.begin()
        follow(model, memory, 0, disc=frame_at(0)[1])
        assert set(follow(model, memory, 1)) == {"disc"}
        moments = (*memory.traces["disc"].told, *memory.traces["disc"].found)
        assert all(torch.isfinite(m.plane).all() for m in moments)
        sizes.append(sum(m.plane.nbytes for m in moments))
    assert sizes[1] * 2 == sizes[0]


def test_a_folder_of_hugging_face_opens(tmp_path):
    network = network_of("sam2.1-tiny")
    path = folder_of(tmp_path / "model", network)
    model = open_memory(info_of("sam2.1-tiny"), path)
    memory = model.begin()
    follow(model, memory, 0, disc=frame_at(0)[1])
    assert set(follow(model, memory, 1)) == {"disc"}


def test_sam_3_opens_from_its_folder(tmp_path):
    path = sam3_tiny.folder(tmp_path / "sam3")
    model = third.open_memory(info_of("sam3"), path)
    memory = model.begin()
    follow(model, memory, 0, disc=frame_at(0)[1])
    assert set(follow(model, memory, 1)) == {"disc"}


def test_a_network_without_memory_is_refused_in_words(tmp_path):
    from transformers import Sam2Config, Sam2Model

    video = network_of("sam2.1-tiny").config
    config = Sam2Config(
        vision_config=video.vision_config.to_dict(),
        prompt_encoder_config=video.prompt_encoder_config.to_dict(),
        mask_decoder_config=video.mask_decoder_config.to_dict(),
    )
    path = folder_of(tmp_path / "model", Sam2Model(config))
    with pytest.raises(BadRequest, match="single images"):
        open_memory(info_of("sam2.1-tiny"), path)
