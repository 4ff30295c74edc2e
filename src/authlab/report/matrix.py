"""The browser lab's matrix: places against attacks, each question with what was predicted, seen and concluded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from authlab.browser.cells import ATTACKS, KEPT, Attack, quantity_of
from authlab.browser.places import PLACES
from authlab.model.findings import ExperimentResult, Judgement


@dataclass(frozen=True)
class Ask:
    """One question of a cell, all in words."""

    question: str
    predicted: str
    seen: str
    verdict: str


@dataclass(frozen=True)
class Cell:
    """What one attack asks of one place; no `asks` where it was not asked."""

    attack: str
    title: str
    asks: tuple[Ask, ...]


@dataclass(frozen=True)
class Row:
    """One place where a credential is kept."""

    place: str
    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Matrix:
    """`columns` are the attacks' titles; the rest says in words how much was asked and how to read it."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    attacks: str
    questions: int
    summary: str
    reading: str


_Judged = dict[tuple[str, str], Judgement]


def matrix_of(results: Iterable[ExperimentResult]) -> Matrix | None:
    """The matrix as far as the run asked it; None where it asked nothing of it."""
    judged = {(j.prediction.mode, j.prediction.quantity): j for result in results for j in result.judgements}
    attacks = [
        attack
        for attack in ATTACKS.values()
        if any((place, quantity_of(attack.id, asked)) in judged for place in PLACES for asked in attack.questions)
    ]
    if not attacks:
        return None
    rows = tuple(
        Row(place.id, place.title, tuple(Cell(a.id, a.title, _asks(judged, place.id, a)) for a in attacks))
        for place in PLACES.values()
    )
    counts = Counter(ask.verdict for row in rows for cell in row.cells for ask in cell.asks)
    return Matrix(
        columns=tuple(attack.title for attack in attacks),
        rows=rows,
        attacks=_attacks(len({attack.family for attack in attacks}), len(attacks)),
        questions=counts.total(),
        summary=", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()),
        reading=f"Each cell says what was seen, what had been predicted, and whether both agree. {_wanted(attacks)}",
    )


def _wanted(attacks: list[Attack]) -> str:
    """What whoever keeps a credential would like to read; surviving a reload is the one thing that is good to have."""
    good = [attack.title for attack in attacks if KEPT in attack.questions]
    if len(good) == len(attacks):
        return "Whoever keeps a credential in a place wants “yes”."
    but = f" but under “{good[0]}”" if good else ""
    return f"Whoever keeps a credential in a place wants “no” everywhere{but}."


def _attacks(families: int, kinds: int) -> str:
    """`6 attacks of 9 kinds`; the kinds only where there are more of them."""
    found = "1 attack" if families == 1 else f"{families} attacks"
    return found if kinds == families else f"{found} of {kinds} kinds"


def _asks(judged: _Judged, place: str, attack: Attack) -> tuple[Ask, ...]:
    found = []
    for question in attack.questions:
        item = judged.get((place, quantity_of(attack.id, question)))
        if item is not None:
            seen = item.observation.value if item.observation else None
            words = "not seen" if seen is None else _word(seen)
            asked = question[:1].upper() + question[1:]
            found.append(Ask(asked, _word(item.prediction.value), words, item.verdict.value))
    return tuple(found)


def _word(value: float | None) -> str:
    return "yes" if value else "no"
