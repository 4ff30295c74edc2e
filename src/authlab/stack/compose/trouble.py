"""An engine that fails or goes away in the middle is something that the user can be told."""

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
            f"the Docker engine does not answer any more ({error}). What this lab had started will be cleared away by "
            "the next run. Remedy: look at the engine's log and start it again."
        ) from error
    except docker.errors.DockerException as error:
        raise LabError(f"the Docker engine refuses: {error}") from error
