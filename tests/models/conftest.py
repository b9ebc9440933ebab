"""Lets the test folders of single kinds find the contract beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
