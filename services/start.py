"""The start of a process of the service: with good settings, or not at all."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from services.settings import Settings, SettingsError, settings_from

EXIT_CONFIG: Final = 78
"""sysexits.h, EX_CONFIG."""


def settings_or_exit(environ: Mapping[str, str]) -> Settings:
    """The settings. If they are not usable, print all problems to stderr and end the process."""
    try:
        return settings_from(environ)
    except SettingsError as error:
        print("The service can't start:", *error.problems, sep="\n  ", file=sys.stderr)
        raise SystemExit(EXIT_CONFIG) from None
