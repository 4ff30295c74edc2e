"""The browser lab's matrix: places against attacks, each question with what was predicted, seen and concluded."""

from __future__ import annotations

from collections import Counter
from typing import Any

from authlab.browser.cells import ATTACKS, KEPT, Attack, quantity_of
from authlab.browser.places import PLACES

Judged = dict[tuple[str, str], dict[str, Any]]


def matrix_of(experiments: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The matrix as far as the run asked it; None where it asked nothing of it."""
    judged: Judged = {
        (item["prediction"]["mode"], item["prediction"]["quantity"]): item
        for experiment in experiments
        for item in experiment["judgements"]
    }
    columns = [
        attack
        for attack in ATTACKS.values()
        if any((place, quantity_of(attack.id, asked)) in judged for place in PLACES for asked in attack.questions)
    ]
    if not columns:
        return None
    rows: list[dict[str, Any]] = [
        {
            "place": place.id,
            "title": place.title,
            "cells": [
                {"attack": a.id, "title": a.title, "asks": _asks(judged, place.id, a.id, a.questions)} for a in columns
            ],
        }
        for place in PLACES.values()
    ]
    counts = Counter(ask["verdict"] for row in rows for cell in row["cells"] for ask in cell["asks"])
    return {
        "columns": [{"attack": attack.id, "title": attack.title} for attack in columns],
        "rows": rows,
        "attacks": _attacks(len({attack.family for attack in columns}), len(columns)),
        "questions": counts.total(),
        "summary": ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()),
        "reading": f"Each cell says what was seen, what had been predicted, and whether both agree. {_wanted(columns)}",
    }


def _wanted(columns: list[Attack]) -> str:
    """What whoever keeps a credential would like to read; surviving a reload is the one thing that is good to have."""
    good = [attack.title for attack in columns if KEPT in attack.questions]
    if len(good) == len(columns):
        return "Whoever keeps a credential in a place wants “yes”."
    but = f" but under “{good[0]}”" if good else ""
    return f"Whoever keeps a credential in a place wants “no” everywhere{but}."


def _attacks(families: int, kinds: int) -> str:
    """`6 attacks of 9 kinds`; the kinds only where there are more of them."""
    found = "1 attack" if families == 1 else f"{families} attacks"
    return found if kinds == families else f"{found} of {kinds} kinds"


def _asks(judged: Judged, place: str, attack: str, questions: tuple[str, ...]) -> list[dict[str, str]]:
    found = []
    for question in questions:
        item = judged.get((place, quantity_of(attack, question)))
        if item is not None:
            seen = item["observation"] and item["observation"]["value"]
            found.append(
                {
                    "question": question[:1].upper() + question[1:],
                    "predicted": _word(item["prediction"]["value"]),
                    "seen": "not seen" if seen is None else _word(seen),
                    "verdict": item["verdict"]["value"],
                }
            )
    return found


def _word(value: float) -> str:
    return "yes" if value else "no"
