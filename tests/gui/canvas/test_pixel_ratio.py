"""Clicks and overlays on screens with more than one device pixel per logical one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).with_name("pixel_ratio_check.py")
REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("ratio", ["1.0", "1.25", "1.5", "2.0"])
def test_a_click_lands_on_the_pixel_seen_under_it(ratio):
    env = {
        **os.environ,
        "QT_SCALE_FACTOR": ratio,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(REPOSITORY),
    }
    done = subprocess.run(
        [sys.executable, str(CHECK), ratio],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1000
