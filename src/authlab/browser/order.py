"""What the lab orders of the driving program, and the lines that it gets back: JSON in files, as with the load."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from authlab.model.errors import Damaged

FAILED = "failed"
"""The quantity of an answer that says only that its subject's story never came to its end."""


@dataclass(frozen=True)
class Order:
    """One Chromium's work. `cells` are (place, attack) of the matrix, `scenarios` names of single ones.

    `predicted` maps "subject|quantity" to what is expected: where something else comes out, evidence is kept.
    `users` names the users that this program may log in, one story each. Ports are nginx's and the API's.
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
    """What was seen: `value` None where it could not be seen, and then `note` says why.

    `subject` is a place of the matrix or whom a scenario is about; `quantity` the question.
    """

    subject: str
    quantity: str
    value: bool | None
    note: str = ""
    evidence: str = ""

    @property
    def key(self) -> str:
        """By what predictions and answers find each other."""
        return key_of(self.subject, self.quantity)


def key_of(subject: str, quantity: str) -> str:
    """`cookie-lax|forged-post: state changed`."""
    return f"{subject}|{quantity}"


def append_answer(path: Path, answer: Answer) -> None:
    """Add one line; whole or not at all, for a reader that follows."""
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
