"""What can be set is read in its own type, or refused by name."""

import pytest

from seggui.core.parameters import Parameter, values_of
from seggui.errors import BadRequest

WHOLE = Parameter("rounds", "Rounds", 5, 1, 20)
NUMBER = Parameter("beta", "Beta", 0.5, 0.0, 2.0)
TRUTH = Parameter("joined", "Joined", True)
WORD = Parameter("space", "Space", "rgb", choices=(("rgb", "RGB"), ("lab", "Lab")))
ROWS = (WHOLE, NUMBER, TRUTH, WORD)


@pytest.mark.parametrize(
    ("row", "given", "value"),
    [
        (WHOLE, "7", 7),
        (WHOLE, 7.0, 7),
        (WHOLE, 20, 20),
        (NUMBER, "1.25", 1.25),
        (NUMBER, 2, 2.0),
        (TRUTH, "No", False),
        (TRUTH, "yes", True),
        (TRUTH, False, False),
        (TRUTH, "0", False),
        (TRUTH, 1, True),
        (WORD, "lab", "lab"),
    ],
)
def test_a_value_comes_out_in_its_own_type(row, given, value):
    found = row.checked(given)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("row", "given", "says"),
    [
        (WHOLE, "2.5", "'rounds' is a whole number, not '2.5'"),
        (WHOLE, 21, "'rounds' is a number from 1 to 20, not '21'"),
        (WHOLE, "many", "from 1 to 20"),
        (WHOLE, "", "from 1 to 20"),
        (NUMBER, 10**400, "from 0 to 2"),
        (WHOLE, 10**400, "from 1 to 20"),
        (NUMBER, "nan", "'beta' is a number from 0 to 2"),
        (NUMBER, float("inf"), "from 0 to 2"),
        (NUMBER, -0.001, "from 0 to 2"),
        (TRUTH, "perhaps", "'joined' is yes or no, not 'perhaps'"),
        (TRUTH, 2, "yes or no"),
        (WORD, "cmyk", "'space' is one of rgb, lab, not 'cmyk'"),
        (WORD, 3, "one of rgb, lab"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(row, given, says):
    with pytest.raises(BadRequest, match=says):
        row.checked(given)


def test_what_is_not_set_has_its_default():
    values = values_of(ROWS, (("beta", "1"), ("space", "lab")))
    assert values == {"rounds": 5, "beta": 1.0, "joined": True, "space": "lab"}


def test_the_last_of_two_values_counts():
    assert values_of(ROWS, (("rounds", 3), ("rounds", 4)))["rounds"] == 4


def test_a_name_that_is_none_is_answered_with_those_there_are():
    with pytest.raises(BadRequest, match=r"'mood'.*rounds, beta, joined, space"):
        values_of(ROWS, (("mood", 1),))
    with pytest.raises(BadRequest, match="There are: none"):
        values_of((), (("mood", 1),))
