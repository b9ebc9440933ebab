"""Settings survive a restart, and a broken file costs a sentence, not a start."""

from pathlib import Path

import pytest

from seggui.errors import BadRequest
from seggui.files.settings import SETTINGS, Settings, folders


def test_what_is_set_is_there_after_a_restart():
    settings = Settings.load()
    settings.set("brush_size", 31)
    settings.set("theme", "dark")
    settings.set_blob("layout", "AAAA")
    settings.remember(Path("/a/b"))
    settings.save()
    again = Settings.load()
    assert (again.value("brush_size"), again.value("theme")) == (31, "dark")
    assert again.blob("layout") == "AAAA"
    assert again.recent == (Path("/a/b"),)
    assert again.problem == ""


def test_without_a_file_every_setting_has_its_default():
    settings = Settings.load()
    assert {row.key: settings.value(row.key) for row in SETTINGS} == {
        row.key: row.default for row in SETTINGS
    }
    assert settings.blob("layout") == ""


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"values": {"brush_size": NaN}}'],
    ids=["empty", "cut", "a list", "not text", "deep", "nonsense"],
)
def test_a_broken_file_gives_defaults_and_one_sentence(content):
    path = Settings.load().path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    settings = Settings.load()
    assert str(path) in settings.problem
    assert settings.value("brush_size") == 24
    settings.save()
    assert Settings.load().problem == ""


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "1" + "0" * 400])
def test_a_number_beyond_all_numbers_costs_only_itself(number):
    text = '{"values": {"encoding_cache_gb": %s, "of_later": %s, "theme": "dark"}}'
    path = Settings.load().path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text % (number, number))
    settings = Settings.load()
    assert settings.value("encoding_cache_gb") == 4.0
    assert settings.value("theme") == "dark"
    assert "Encodings on disk" in settings.problem
    settings.save()
    assert Settings.load().value("theme") == "dark"


def test_a_settings_file_that_is_a_folder_gives_defaults():
    path = Settings.load().path
    path.mkdir(parents=True)
    settings = Settings.load()
    assert str(path) in settings.problem
    assert settings.value("theme") == "system"


def test_one_bad_value_costs_only_itself_and_unknown_ones_are_kept():
    path = Settings.load().path
    path.parent.mkdir(parents=True)
    path.write_text(
        '{"values": {"theme": "pink", "brush_size": 9, "of_tomorrow": 1}, "more": 2}'
    )
    settings = Settings.load()
    assert "Theme" in settings.problem
    assert (settings.value("theme"), settings.value("brush_size")) == ("system", 9)
    settings.save()
    assert '"of_tomorrow": 1' in path.read_text()
    assert '"more": 2' in path.read_text()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("brush_size", 0),
        ("brush_size", "big"),
        ("brush_size", True),
        ("autosave_s", float("nan")),
        ("theme", "pink"),
        ("no_such_setting", 1),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(key, value):
    with pytest.raises(BadRequest):
        Settings.load().set(key, value)


def test_recent_folders_come_once_and_the_newest_first():
    settings = Settings.load()
    for name in [*"abcdefghijklmnop", "c"]:
        settings.remember(Path("/") / name)
    assert settings.recent[:2] == (Path("/c"), Path("/p"))
    assert len(settings.recent) == 12


def test_the_environment_moves_the_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("SEGGUI_HOME", str(tmp_path))
    monkeypatch.setenv("SEGGUI_MODELS", str(tmp_path / "weights"))
    places = folders()
    assert places["models"] == tmp_path / "weights"
    assert places["settings"].parent == places["cache"].parent == tmp_path
    monkeypatch.delenv("SEGGUI_MODELS")
    assert folders()["models"] == tmp_path / "models"
