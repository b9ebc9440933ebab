import pytest

from seggui.errors import BadRequest
from seggui.jobs.architectures import ARCHITECTURES, architecture
from seggui.jobs.train_options import OPTIONS, TrainOptions


def test_every_row_of_the_table_is_an_option_with_its_default():
    options = TrainOptions()
    values = options.as_json()
    assert set(values) == {row.name for row in OPTIONS}
    for row in OPTIONS:
        expected = (
            ARCHITECTURES[0].encoders[0] if row.name == "encoder" else row.default
        )
        assert values[row.name] == expected


def test_options_come_back_from_json():
    options = TrainOptions(model="fcn", epochs=3, minutes=2.5)
    assert TrainOptions.from_json(options.as_json()) == options


def test_a_model_has_defaults_of_its_own_which_a_given_value_overrides():
    assert TrainOptions.from_json({"model": "clicknet"}).minutes == 5.0
    assert TrainOptions.from_json({"model": "clicknet", "minutes": 2.0}).minutes == 2.0
    assert TrainOptions.from_json({}).minutes == 0.0


@pytest.mark.parametrize("row", ARCHITECTURES, ids=lambda row: row.id)
def test_the_options_that_a_model_names_are_rows_of_the_table(row):
    names = {option.name for option in OPTIONS}
    assert {name for name, _ in row.defaults} | row.unused <= names


@pytest.mark.parametrize("row", ARCHITECTURES, ids=lambda row: row.id)
def test_each_model_takes_its_first_encoder_by_default(row):
    assert TrainOptions(model=row.id).encoder == row.encoders[0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model": "nonet"}, "Model cannot be 'nonet'"),
        ({"encoder": "vgg"}, "cannot be trained with the encoder 'vgg'"),
        ({"epochs": 0}, "Epochs must be between 1 and"),
        ({"epochs": 1.5}, "Epochs cannot be 1.5"),
        ({"epochs": True}, "Epochs cannot be True"),
        ({"learning_rate": float("nan")}, "Learning rate must be between"),
        ({"loss": "ce+hinge"}, "no loss called 'hinge'"),
        ({"loss": ""}, "no loss called ''"),
        ({"crop": 100}, "multiple of 32, not 100; 96 would do"),
        ({"ignore": "1,x"}, "numbers with commas between"),
        ({"device": "tpu"}, "there are: auto, cpu, cuda, mps"),
        ({"flips": 1}, "Flips and 90° turns cannot be 1"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_in_words(values, words):
    with pytest.raises(BadRequest) as caught:
        TrainOptions(**values)
    assert words in str(caught.value)


def test_options_of_a_newer_version_are_named():
    with pytest.raises(BadRequest, match="does not know the options sparkle"):
        TrainOptions.from_json({"sparkle": 1})


def test_ids_to_ignore_are_numbers():
    assert TrainOptions(ignore="11, 12").ignored_ids == (11, 12)


def test_an_unknown_model_is_told_which_there_are():
    with pytest.raises(BadRequest, match="unet, fcn"):
        architecture("x")
