"""What gunicorn loads: `services.wsgi:app`, configured by the environment."""

from __future__ import annotations

import os

from services.app import create_app
from services.start import settings_or_exit

app = create_app(settings_or_exit(os.environ))
