"""The help of a scenario that is run as a program."""

from __future__ import annotations

from locust.argument_parser import get_parser


def show_help() -> None:
    """Tell all options, ours included. `locust --help` answers before it has read any scenario, so it can't."""
    get_parser().parse_args(["--help"])
