"""All benchmarks, one after the other, and one table of aims at the end: `make bench`.

Exit status 0 also where an aim is missed (the table says so): a benchmark's figures belong to the machine. A
benchmark that can't be carried out ends it with an error.
"""

from __future__ import annotations

import sys

import checkers_speed
import fidelity
import modes_and_peers
import recorder_overhead
import report_speed
from aims import aims_table, show


def main() -> int:
    """Run all, then sum up."""
    aims = []
    for benchmark in (recorder_overhead, fidelity, modes_and_peers, report_speed, checkers_speed):
        print(f"\n{benchmark.__doc__.splitlines()[0]}", flush=True)
        aims += benchmark.run()
    print()
    show(aims_table(aims, "Aims and what was measured on this machine"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
