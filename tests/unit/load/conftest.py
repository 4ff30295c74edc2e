"""The load's helpers are found beside their Locust files, not in an installed package."""

import sys
from pathlib import Path

LOADTESTS = str(Path(__file__).resolve().parents[3] / "loadtests")
if LOADTESTS not in sys.path:
    sys.path.append(LOADTESTS)
