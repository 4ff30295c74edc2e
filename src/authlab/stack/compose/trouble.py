"""Turns an engine's failure in the middle of a run into an error for the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import docker.errors
import requests.exceptions

from authlab.model.errors import LabError


@contextmanager
def engine_errors_as_lab_errors() -> Iterator[None]:
    """Turn what the SDK raises into `LabError`."""
    try:
        yield
    except requests.exceptions.RequestException as error:  # the SDK lets these through
        raise LabError(
            f"the Docker engine no longer answers ({error}). The next run will remove "
            "what this lab had started. Remedy: check the engine's log and start it again."
        ) from error
    except docker.errors.DockerException as error:
        raise LabError(f"the Docker engine refused a request: {error}") from error
