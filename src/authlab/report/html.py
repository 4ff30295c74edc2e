"""A report as one self-contained page."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from authlab.report.cards import Card
from authlab.report.facts import circumstances, command_line, facts, headline, standfirst
from authlab.report.figure import Figure
from authlab.report.glimpse import glimpse
from authlab.report.limits import limits_of
from authlab.report.method import method_of
from authlab.report.page import Shown, render_page
from authlab.report.report import Part, Report
from authlab.report.words import count, label_words, sentence, whole


@dataclass(frozen=True)
class Stage:
    """One setup's figures under a heading of their own, folded away unless `open`."""

    title: str
    open: bool
    figures: tuple[Shown, ...]


@dataclass(frozen=True)
class Section:
    """One experiment on the page: its telling figure first. `drawing` is what the index shows of it."""

    id: str
    title: str
    summary: str
    card: Card | None
    drawing: Markup
    figures: tuple[Shown, ...]
    stages: tuple[Stage, ...]
    after: tuple[Shown, ...]

    @property
    def shown(self) -> tuple[Shown, ...]:
        """All of its figures."""
        return (*self.figures, *(item for stage in self.stages for item in stage.figures), *self.after)


def render_html(report: Report) -> str:
    """The page of a report: verdicts first, then figures, then what the run can't tell and its circumstances.

    With several experiments an index of their claims comes first, and the details of each are folded away.
    """
    several = len(report.experiments) > 1
    cards = {card.id: card for card in report.cards}
    sections = [
        _section(number, part, cards.get(part.experiment.result.id), several=several)
        for number, part in enumerate(report.parts, start=1)
        if part.experiment.setups or part.experiment.result.claim
    ]
    measured = [section for section in sections if section.shown or several]
    contents = [("matrix", "The matrix")] if report.matrix else []
    contents += [("verdicts", "Verdicts")] if cards else []
    contents += [] if several else [(section.id, section.title) for section in measured]
    contents += [
        ("limits", "What this run can’t tell"),
        ("method", "How it was measured"),
        ("circumstances", "Circumstances"),
    ]
    limits = limits_of(report)
    values = {
        "run": report.run,
        "standfirst": standfirst(report),
        "status_words": limits[0] if limits else report.run.status,
        "facts": facts(report),
        "contents": contents,
        "several": several,
        "sections": sections,
        "measured": measured,
        "matrix": report.matrix,
        "limits": limits,
        "method": method_of(report),
        "command": command_line(report),
        "circumstances": circumstances(report),
        "invalid": [trial for experiment in report.experiments for trial in experiment.trials if not trial.valid],
    }
    shown = [item for section in sections for item in section.shown]
    return render_page("report.html.j2", headline(report), report.run.id, shown, values)


def _section(number: int, part: Part, card: Card | None, *, several: bool) -> Section:
    experiment, key = part.experiment, f"e{number}"
    # A list of a page's buttons has no headings: where titles could be the same, this tells them apart.
    within = f", {experiment.title}" if several else ""
    single = len(experiment.setups) == 1
    stages: list[Stage] = []
    for place, (setup, figures) in enumerate(part.of_setups, start=1):
        name = experiment.name_of(setup)
        rest = "second by second, counter-examples" if setup.side_by_side else "failures"
        title = f"{sentence(name)}: {rest}, response time, CPU and the rest"
        keyed = _keyed(figures, key if single else f"{key}-{place}", within if single else f"{within}, {name}", 4)
        # An arm is seen second by second or not at all; its repetitions may stay folded away.
        stages.append(Stage(title, place == 1 and setup.side_by_side, keyed))
    before = _keyed(part.before, key, within, 3)
    # Without a request the card says all that was observed.
    after = _keyed(part.after if experiment.setups else (), key, within, 3)
    if single:
        before, stages = (*before, *(item.at_level(3) for item in stages[0].figures)), []
    everything = (*before, *(item for stage in stages for item in stage.figures), *after)
    first = tuple(item.at_level(3) for item in everything if item.figure is part.telling)
    return Section(
        id=key,
        title=experiment.title if several else f"{experiment.title}: what was measured",
        summary=_summary(part),
        card=card,
        drawing=Markup(glimpse(card) if card else ""),  # noqa: S704  (escaped where it is made)
        figures=(*first, *_without(before, part.telling)),
        stages=tuple(Stage(stage.title, stage.open, _without(stage.figures, part.telling)) for stage in stages),
        after=_without(after, part.telling),
    )


def _keyed(figures: tuple[Figure, ...], prefix: str, within: str, level: int) -> tuple[Shown, ...]:
    return tuple(Shown(f"{prefix}-{figure.id}", figure, level, within) for figure in figures)


def _without(items: tuple[Shown, ...], telling: Figure | None) -> tuple[Shown, ...]:
    return tuple(item for item in items if item.figure is not telling)


def _summary(part: Part) -> str:
    setups = part.experiment.setups
    if not setups:
        return ""
    labels = dict.fromkeys(label_words(label) for setup in setups for label in setup.labels)
    pseudo = any(setup.pseudo_blocks for setup in setups)
    least = min((n for setup in setups for n in setup.blocks.values()), default=0)
    measured = sum(setup.tables.requests for setup in setups)
    return f"{whole(measured)} requests over {count(least, 'second' if pseudo else 'block')} in {', '.join(labels)}."
