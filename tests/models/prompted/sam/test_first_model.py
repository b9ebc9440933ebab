"""SAM, HQ-SAM and MobileSAM keep the contract of prompted models."""

import pytest
from contract import PromptedContract
from first_tiny import VARIANTS, model_of


class _First(PromptedContract):
    name = ""

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        return model_of(cls.name)


class TestSam(_First):
    name = "vit"


class TestMobileSam(_First):
    name = "tiny"


class TestHqSam(_First):
    name = "vit-hq"


class TestLightHqSam(_First):
    name = "tiny-hq"


def test_every_variant_keeps_the_contract():
    tested = {case.name for case in _First.__subclasses__()}
    assert tested == set(VARIANTS)
