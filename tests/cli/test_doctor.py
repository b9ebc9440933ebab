"""The doctor finds what is wrong, and says what to do."""

import json
import subprocess
from importlib.metadata import PackageNotFoundError

import pytest

from seggui.cli import dispatch, doctor


def fake_child(monkeypatch, stdout="", stderr="", code=0):
    done = subprocess.CompletedProcess([], code, stdout, stderr)
    monkeypatch.setattr(doctor, "_child", lambda *_: done)


def test_a_second_opencv_is_a_problem(monkeypatch):
    def version(name):
        if name == "opencv-python":
            return "4.12"
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", version)
    [finding] = doctor.check_opencv()
    assert finding.level == "problem"
    assert "opencv-python is installed beside" in finding.text
    assert "uninstall" in finding.advice


def test_a_torch_without_its_torchvision_is_named(monkeypatch):
    facts = {
        "cuda": False,
        "mps": False,
        "gpus": [],
        "operators": "operator torchvision::nms does not exist",
    }
    fake_child(monkeypatch, json.dumps(facts))
    first, second = doctor.check_torch()
    assert first.level == "problem"
    assert "torchvision::nms" in first.text
    assert "CPU" in second.text


@pytest.mark.parametrize(
    ("python", "binding", "problems"),
    [((3, 11), "6.12.0", 1), ((3, 12), "6.12.0", 0), ((3, 11), "6.11.3", 0)],
)
def test_the_qt_binding_that_crashes_is_named(monkeypatch, python, binding, problems):
    monkeypatch.setattr(doctor, "version", lambda name: binding)
    monkeypatch.setattr(doctor.sys, "version_info", python)
    fake_child(monkeypatch, "6.12.0 offscreen")
    found = [f for f in doctor.check_qt() if f.level == "problem"]
    assert len(found) == problems


def test_a_missing_system_library_is_passed_on(monkeypatch):
    fake_child(monkeypatch, stderr="x\nlibEGL.so.1: cannot open", code=1)
    problem = list(doctor.check_qt())[-1]
    assert problem.level == "problem"
    assert "libEGL.so.1" in problem.text
    assert "libegl1" in problem.advice


@pytest.mark.slow
def test_this_machine_is_looked_at_for_real(capsys):
    code = dispatch.run(["doctor", "--json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert code == int(any(f["level"] == "problem" for f in findings))
    assert any("Qt" in f["text"] for f in findings)


def test_the_report_ends_with_the_number_of_problems(monkeypatch, capsys):
    bad = doctor.Finding("problem", "It is broken", "Mend it")
    monkeypatch.setattr(doctor, "CHECKS", (lambda: iter([bad]),))
    assert dispatch.run(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "Mend it" in out
    assert "1 problem found." in out
