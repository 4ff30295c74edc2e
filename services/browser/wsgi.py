"""What gunicorn loads: `services.browser.wsgi:app`, for the browser lab alone."""

from __future__ import annotations

import os
import sys
from typing import Final

from services.browser.app import create_app
from services.settings import SettingsError, settings_from

EXIT_CONFIG: Final = 78
"""sysexits.h, EX_CONFIG."""

try:
    app = create_app(settings_from({**os.environ, "AUTHLAB_STATE": "jwt"}))
except SettingsError as error:
    print("The browser lab's API can't start:", *error.problems, sep="\n  ", file=sys.stderr)
    raise SystemExit(EXIT_CONFIG) from None
