"""What gunicorn loads: `services.wsgi:app`, set up by the environment."""

from __future__ import annotations

import os
import sys
from typing import Final

from services.app import create_app
from services.settings import SettingsError, settings_from

EXIT_CONFIG: Final = 78
"""sysexits.h, EX_CONFIG."""

try:
    app = create_app(settings_from(os.environ))
except SettingsError as error:
    print("The service can't start:", *error.problems, sep="\n  ", file=sys.stderr)
    raise SystemExit(EXIT_CONFIG) from None
