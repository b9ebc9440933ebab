"""SAM 2.1 and EdgeTAM keep the contract of prompted models."""

import pytest
from contract import PromptedContract
from sam2_tiny import NETWORKS, backbone_of, info_of

from seggui.models.prompted.sam.model import SamModel


class _Second(PromptedContract):
    name = ""

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        return SamModel(info_of(cls.name), backbone_of(cls.name))


class TestSam2(_Second):
    name = "sam2.1-tiny"


class TestEdgeTam(_Second):
    name = "edgetam"


def test_both_encoders_keep_the_contract():
    tested = {case.name for case in _Second.__subclasses__()}
    assert tested == set(NETWORKS)
