"""The help of a scenario that is run as a program."""

from __future__ import annotations

from locust.argument_parser import get_parser


def show_help() -> None:
    """Print all options, including the lab's. `locust --help` can't: it answers before it reads a scenario."""
    get_parser().parse_args(["--help"])
