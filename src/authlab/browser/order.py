"""The lab's order for the driving program, and the answers that it gets back: JSON in files, as with the load."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from authlab.model.errors import Damaged

FAILED = "failed"
"""The quantity of an answer which only says that its subject's story never completed."""


@dataclass(frozen=True)
class Order:
    """One Chromium's work. `cells` are (place, attack) of the matrix, `scenarios` the names of single ones.

    `predicted` maps "subject|quantity" to the expected answer. If the answer differs, evidence is kept. `users` names
    the users that this program may log in, one per story. Ports are nginx's and the API's.
    """

    chromium: str
    profile: str
    third_party_cookies: bool
    fingerprint: str
    https: int
    http: int
    api: int
    credentials: str
    users: tuple[int, int]
    answers: str
    evidence: str
    cells: tuple[tuple[str, str], ...] = ()
    scenarios: tuple[str, ...] = ()
    predicted: dict[str, bool] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_bytes(msgspec.json.encode(self))

    @classmethod
    def read(cls, path: Path) -> Order:
        """Read what `write` wrote."""
        return msgspec.json.decode(path.read_bytes(), type=cls)


@dataclass(frozen=True)
class Answer:
    """An answer. `value` is None if there is none, and `note` then says why.

    `subject` is a place of the matrix, or the person or thing that a scenario is about; `quantity` is the question.
    """

    subject: str
    quantity: str
    value: bool | None
    note: str = ""
    evidence: str = ""

    @property
    def key(self) -> str:
        """The key that connects predictions and answers."""
        return key_of(self.subject, self.quantity)


def key_of(subject: str, quantity: str) -> str:
    """`cookie-lax|forged-post: state changed`."""
    return f"{subject}|{quantity}"


def append_answer(path: Path, answer: Answer) -> None:
    """Add one whole line or nothing, for a reader that follows the file."""
    with path.open("ab") as file:
        file.write(msgspec.json.encode(answer) + b"\n")


def read_answers(path: Path) -> list[Answer]:
    """The whole lines so far. Raises `Damaged` where one of them is no answer."""
    if not path.exists():
        return []
    data = path.read_bytes()
    try:
        return msgspec.json.Decoder(Answer).decode_lines(data[: data.rfind(b"\n") + 1])
    except msgspec.DecodeError as error:
        raise Damaged(f"{path} is damaged: {error}.") from error
