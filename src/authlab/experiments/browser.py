"""The experiments of the browser lab: claims about credentials in a browser.

Each answers its questions with yes or no, cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from authlab.browser.cells import ATTACHED, ATTACKS, CHANGED, KEPT, READABLE, STOLEN, quantity_of
from authlab.browser.checks import CHECKS, CONTROLS
from authlab.browser.order import Answer, key_of
from authlab.browser.places import PLACES
from authlab.browser.rules import ruling
from authlab.experiments.evidence import Evidence
from authlab.experiments.expectation import Expectation, Measured
from authlab.experiments.experiment import Bench
from authlab.experiments.options import Options
from authlab.experiments.verdicts import combine
from authlab.model.findings import YES_NO, Judgement, Observation, Prediction, Verdict
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan

_EVIL_READS: Final = ("reflect", "evil.test reads the answer")
_CONTROLS: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("steal-passive", STOLEN): ("local-storage", quantity_of("steal-passive", STOLEN)),
    ("steal-active", STOLEN): ("memory", quantity_of("steal-active", STOLEN)),
    ("ride", CHANGED): ("local-storage", quantity_of("ride", CHANGED)),
    ("forged-post", ATTACHED): ("cookie-none", quantity_of("forged-post", ATTACHED)),
    ("forged-post", CHANGED): ("cookie-none", quantity_of("forged-post", CHANGED)),
    ("forged-json", ATTACHED): ("cookie-none", quantity_of("forged-json", ATTACHED)),
    ("forged-json", CHANGED): ("cookie-none", "JSON as text/plain carried out"),
    ("forged-get", ATTACHED): ("cookie-none", quantity_of("forged-get", ATTACHED)),
    ("forged-get", CHANGED): ("cookie-none", quantity_of("forged-get", CHANGED)),
    **{
        (f"forged-fetch-{policy}", question): ("cookie-none", quantity_of("forged-fetch-allowed", question))
        for policy in ("blocked", "allowed")
        for question in (ATTACHED, CHANGED)
    },
    ("forged-fetch-blocked", READABLE): _EVIL_READS,
    ("forged-fetch-allowed", READABLE): _EVIL_READS,
    ("reload", KEPT): ("local-storage", quantity_of("reload", KEPT)),
}
"""The positive control of each question: the attack must work in this cell before its failure elsewhere proves
anything."""


@dataclass(frozen=True)
class BrowserExperiment:
    """A claim about what a browser does. It has no plans, because it needs no load.

    `attacks` are whole columns of the matrix. `extra` are single cells of other columns. `supports` are scenarios that
    serve only as a control.
    """

    id: str
    claim: str
    summary: str
    attacks: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    supports: tuple[str, ...] = ()
    telling: str = "matrix"
    bench: Bench = "browser"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002 - the protocol's
        """No plans: the browser lab starts its own sites."""
        return []

    @property
    def cells(self) -> list[tuple[str, str]]:
        """The cells of the matrix that it needs, as (place, attack)."""
        columns = [(place, attack) for attack in self.attacks for place in PLACES]
        return list(dict.fromkeys([*columns, *self.extra, *self._control_cells()]))

    @property
    def scenarios(self) -> list[str]:
        """The scenarios outside the matrix that it needs."""
        return list(dict.fromkeys([*(check.scenario for check in CHECKS[self.id]), *self.supports]))

    def expectations(self, plans: Sequence[Plan]) -> list[Expectation]:  # noqa: ARG002 - a browser's rules have no parameters
        """One per question: yes (1) or no (0), with the rule that predicts it."""
        found = []
        for place, attack in [*((p, a) for a in self.attacks for p in PLACES), *self.extra]:
            for question in ATTACKS[attack].questions:
                ruled = ruling(PLACES[place], attack, question)
                found.append(_expectation(place, quantity_of(attack, question), ruled.holds, ruled.rule))
        return [*found, *(_expectation(c.subject, c.question, c.holds, c.rule) for c in CHECKS[self.id])]

    def observe(self, evidence: Evidence) -> Sequence[Observation]:  # noqa: ARG002 - the protocol's
        """Nothing: the questions are all that it observes."""
        return ()

    def verdict(self, judgements: Sequence[Judgement]) -> Verdict:
        """Confirmed if the browser did what the rules say in every question."""
        met = sum(j.verdict.value == "confirmed" for j in judgements)
        found = combine(
            judgements,
            f"the browser did what the rules say in all {len(judgements)} questions",
            f"the browser did what the rules say in {met} of {len(judgements)} questions",
        )
        return Verdict(found.value, found.summary, () if found.value == "confirmed" else found.reasons)

    def _control_cells(self) -> Iterator[tuple[str, str]]:
        for attack in (*self.attacks, *(attack for _, attack in self.extra)):
            for question in ATTACKS[attack].questions:
                place, quantity = _CONTROLS[attack, question]
                control, _, _ = quantity.partition(": ")
                if control in ATTACKS:
                    yield place, control


def _expectation(subject: str, quantity: str, holds: bool, rule: str) -> Expectation:
    prediction = Prediction(subject, quantity, rule, float(holds), margin=0.0, unit=YES_NO)

    def measure(evidence: Evidence, _label: str) -> Measured | None:
        answer = evidence.answers.get(key_of(subject, quantity))
        if answer is None:
            return None
        where = f" (picture and requests: evidence/{answer.evidence})" if answer.evidence else ""
        value = None if answer.value is None else float(answer.value)
        interval = None if value is None else (value, value)
        return Measured(value, interval, 1, 1, YES_NO, f"{answer.note}{where}")

    def doubts(evidence: Evidence) -> tuple[str, ...]:
        missing = _missing_control(prediction, evidence.answers)
        return (missing,) if missing else ()

    return Expectation(subject, quantity, measure, prediction, doubts=doubts, judge=_judged)


def _missing_control(prediction: Prediction, answers: Mapping[str, Answer]) -> str | None:
    """Why a "no" to this question would prove nothing; None if the attack worked in its control."""
    attack, _, question = prediction.quantity.partition(": ")
    control = _CONTROLS.get((attack, question)) or CONTROLS.get((prediction.mode, prediction.quantity))
    if control is None:
        return None
    answer = answers.get(key_of(*control))
    if answer is not None and answer.value:
        return None
    return f"the positive control ({control[0]}, {control[1]}) did not show the attack working"


def _judged(
    prediction: Prediction,
    seen: Observation | None,
    doubts: Sequence[str],
    remedy: str,  # noqa: ARG001 - a judge's signature
) -> Judgement:
    about = f"{prediction.mode}, {prediction.quantity}"
    if seen is None or seen.value is None:
        why = (seen.note,) if seen is not None and seen.note else ()
        return Judgement(prediction, seen, Verdict("inconclusive", f"{about}: not seen", why))
    words = "yes" if seen.value else "no"
    if not seen.value and doubts:
        return Judgement(prediction, seen, Verdict("inconclusive", f"{about}: {words}", tuple(doubts)))
    if seen.value == prediction.value:
        return Judgement(prediction, seen, Verdict("confirmed", f"{about}: {words}, as predicted"))
    return Judgement(prediction, seen, Verdict("refuted", f"{about}: {words}, against the prediction", (seen.note,)))


_TABLE: Final = (
    BrowserExperiment(
        "xss-local-storage",
        "a token in Local Storage can be read by an injected script",
        "from which of nine places a passive and an active thief steal the credential, and what a CSP changes",
        ("steal-passive", "steal-active"),
    ),
    BrowserExperiment(
        "xss-rides-session",
        "httpOnly stops theft, not use: an injected script acts as the user wherever the credential lies",
        "an injected script fills the cart, in each of nine places",
        ("ride",),
    ),
    BrowserExperiment(
        "csrf-cookies",
        "browsers attach cookies to forged requests",
        "forged form, JSON, fetch, image, frame: cookie attached? state changed? answer readable? (waits 131 s)",
        ("forged-post", "forged-json", "forged-fetch-blocked", "forged-fetch-allowed"),
        supports=("cors-evil",),
    ),
    BrowserExperiment(
        "samesite-lax",
        "SameSite=Lax allows a cross-site GET and blocks a POST",
        "a forged GET that changes state succeeds in spite of Lax, a forged POST does not",
        ("forged-get",),
        extra=(("cookie-lax", "forged-post"), ("cookie-host", "forged-post")),
    ),
    BrowserExperiment(
        "same-site-csrf",
        "SameSite does not protect from a sibling subdomain",
        "forged form, cookie tossing and session fixation from a sibling, against Origin check, CSRF token and __Host-",
    ),
    BrowserExperiment(
        "memory-token-reload",
        "a token kept in memory is lost on page refresh",
        "reload in each of nine places, silent refresh, log-out and the back button",
        ("reload",),
    ),
    BrowserExperiment(
        "axios-credentials",
        "Axios' withCredentials sends cookies if the backend is set up for it",
        "CORS exact, *, none and reflected: which origin can read the answer, and what is carried out unread",
    ),
    BrowserExperiment(
        "https-everywhere",
        "TLS keeps tokens from being read on the way",
        "a tap between browser and proxy, over HTTP and HTTPS; a cookie with and without Secure",
    ),
    BrowserExperiment(
        "http-for-public-only",
        "plain HTTP is for public pages only",
        "public pages served, others redirected, API calls refused; nothing is sent in clear text after HSTS",
    ),
)

BROWSER_EXPERIMENTS: Final[dict[str, BrowserExperiment]] = {found.id: found for found in _TABLE}
"""By id, in the order of `authlab list`."""
