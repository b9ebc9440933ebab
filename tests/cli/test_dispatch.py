"""The command line as a whole: what opens the window, and how errors are told."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from seggui import __version__
from seggui.cli import dispatch
from seggui.errors import BadRequest, Cancelled


@pytest.mark.parametrize(
    ("words", "window"),
    [
        ([], True),
        (["open", "folder"], True),
        (["folder"], True),
        (["tour"], True),
        (["--help"], False),
        (["segment", "a.png"], False),
        (["doctor"], False),
    ],
)
def test_what_opens_the_window(words, window):
    assert dispatch.opens_window(words) is window


def test_a_bare_path_is_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my images").mkdir()
    assert dispatch.window_options(["my images"]).path == "my images"


def test_a_word_that_is_no_command_and_no_path_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        dispatch.window_options(["segmnt"])
    assert ended.value.code == 2
    assert "no command, folder or image 'segmnt'" in capsys.readouterr().err


def fake_verb(monkeypatch, run):
    module = SimpleNamespace(HELP="", add_arguments=lambda parser: None, run=run)
    monkeypatch.setattr(dispatch.importlib, "import_module", lambda name: module)


def raising(error):
    def run(options):
        raise error

    return run


def test_an_error_for_people_is_one_sentence_and_exit_code_1(monkeypatch, capsys):
    fake_verb(monkeypatch, raising(BadRequest("The box has no area.")))
    assert dispatch.run(["segment"]) == 1
    assert capsys.readouterr().err == "seggui: The box has no area.\n"


def test_with_json_the_error_is_json_too(monkeypatch, capsys):
    fake_verb(monkeypatch, raising(BadRequest("No.")))
    assert dispatch.run(["segment", "--json"]) == 1
    assert capsys.readouterr().out == '{"error": "No."}\n'


@pytest.mark.parametrize("error", [Cancelled(), KeyboardInterrupt()])
def test_stopping_is_told_apart_from_failing(monkeypatch, capsys, error):
    fake_verb(monkeypatch, raising(error))
    assert dispatch.run(["train"]) == 130


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(36, "File name too long", "x.png"), "x.png: File name too long."),
        (OSError(28, "No space left on device"), "No space left on device."),
    ],
)
def test_what_the_system_refuses_is_a_sentence(monkeypatch, capsys, error, said):
    fake_verb(monkeypatch, raising(error))
    assert dispatch.run(["segment"]) == 1
    assert said in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_ends_it_without_a_word():
    code = "import sys; from seggui.__main__ import main; sys.exit(main())"
    words = [sys.executable, "-c", code, "models", "list", "--json"]
    done = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    done.stdout.close()
    assert done.stderr.read() == b""
    done.stderr.close()
    assert done.wait() == 141


@pytest.mark.parametrize("path", ["x" * 300, "~nobody/x", "x/" * 3000])
def test_a_path_that_cannot_be_is_not_there(path, capsys):
    with pytest.raises(SystemExit):
        dispatch.window_options([path])
    assert "there is no command, folder or image" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        (["--point", "-5,3", "a.png"], ["--point=-5,3", "a.png"]),
        (["--point", "-.5,3"], ["--point=-.5,3"]),
        (["--point=1,2", "-5.png"], ["--point=1,2", "-5.png"]),
        (["--point", "1,2", "--", "-5.png"], ["--point", "1,2", "--", "-5.png"]),
        (["--point", "--json"], ["--point", "--json"]),
    ],
)
def test_a_value_below_zero_is_the_value_of_its_option(words, heard):
    assert dispatch.with_negatives(words) == heard


def test_wrong_usage_is_exit_code_2(capsys):
    with pytest.raises(SystemExit) as ended:
        dispatch.run(["--colour"])
    assert ended.value.code == 2


def test_the_version_needs_no_library():
    code = (
        "import sys; from seggui.__main__ import main; main(['--version']);"
        "print(*sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert out.startswith(f"seggui {__version__}\n")
    loaded = {name.partition(".")[0] for name in out.split()}
    assert loaded.isdisjoint({"numpy", "PySide6", "torch", "argparse", "cv2"})


@pytest.mark.parametrize("verb", [verb.name for verb in dispatch.VERBS])
def test_every_verb_has_help_without_heavy_libraries(verb):
    code = (
        "import sys\nfrom seggui.__main__ import main\n"
        f"try:\n    main([{verb!r}, '--help'])\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert "--json" in done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert loaded.isdisjoint({"PySide6", "torch", "skimage", "scipy"})
