"""Options of `authlab run` that would do nothing: found by planning with other values, for every experiment alike."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from authlab.experiments.experiment import Experiment
    from authlab.experiments.options import Options
    from authlab.model.machine import MachineFacts
    from authlab.model.plan import Plan

_ON_STACKS: Final = {"stack_kind": "--stack", "worker_cpus": "--worker-cpus"}
"""Options that matter wherever there is a stack, whatever the plan."""


def idle_options(given: Collection[str], options: Options, found: Sequence[Experiment]) -> Iterator[str]:
    """A problem for each `given` option (by the name of its parameter) that none of the experiments `found` heeds.

    An experiment heeds an option if it makes other plans for another value. Plans are pure and complete, so what
    changes no plan changes nothing.
    """
    from authlab.experiments.catalogue import EXPERIMENTS
    from authlab.lab.machine import machine_facts

    facts = machine_facts()
    ids = [experiment.id for experiment in found]
    for name, (flag, others) in _other_values(options, given).items():
        # --quick also decides on the rounds, whatever --blocks says; with few blocks there is one round either way.
        asked = replace(options, blocks=None) if name == "quick" else options
        if name not in given or any(_heeds(experiment, asked, others, facts) for experiment in found):
            continue
        usual = type(options)()
        usual_values = _other_values(usual, ())[name][1]
        heeding = [one.id for one in EXPERIMENTS.values() if _heeds(one, usual, usual_values, facts)]
        if set(ids) <= set(heeding):
            yield f"{flag} does nothing beside the other options of this call: leave it out"
        else:
            yield f"{flag} does nothing in {_some(ids)}: leave it out; it belongs to {_some(heeding)}"
    if all(experiment.bench != "stacks" for experiment in found):
        for flag in (flag for name, flag in _ON_STACKS.items() if name in given):
            yield f"{flag} does nothing in {_some(ids)}: it starts no stack. Leave it out"


def _other_values(options: Options, given: Collection[str]) -> Mapping[str, tuple[str, list[dict[str, Any]]]]:
    """By parameter: the option's flag, and changes of `options` that its other values would make."""
    from authlab.experiments.options import SLICE_S
    from authlab.load.scenario import scenario_from_word
    from authlab.model.modes import MODES

    scenarios = [scenario_from_word(word) for word in ("browse", "cart")]
    asked = options.asked_s or options.budget_s
    blocks = [None, (options.blocks or 20) + 1]
    repeat = options.repeat if "repeat" in given else 3 - options.repeat  # --quick sets it to 1, else it is 2
    slower = {"quick": not options.quick, "budget_s": options.budget_s * 4, "repeat": repeat}
    return {
        "workers": ("--workers", [{"workers": options.workers + 1}]),
        "users": ("--users", [{"users": options.users + 1}]),
        "rate": ("--rate", [{"rate_rps": options.rate_rps * 2}]),
        "duration": ("--for", [{"budget_s": asked * many, "asked_s": asked * many} for many in (2, 100)]),
        "quick": ("--quick", [slower]),
        "modes": ("--mode", [{"modes": ()}, *({"modes": (mode,)} for mode in MODES.values())]),
        "scenario": ("--scenario", [{"scenario": one} for one in scenarios]),
        "slice_s": ("--slice", [{"slice_s": options.slice_s + SLICE_S}]),
        "blocks": ("--blocks", [{"blocks": value} for value in blocks if value != options.blocks]),
        "repeat": ("--repeat", [{"repeat": options.repeat + more} for more in (1, 20)]),
    }


def _heeds(experiment: Experiment, options: Options, others: Sequence[Mapping[str, Any]], facts: MachineFacts) -> bool:
    """Whether another value makes another plan. Where `options` are not usable at all, that is another problem."""
    from authlab.model.errors import LabError

    try:
        planned = _in_effect(experiment.plan(options, facts))
    except LabError:
        return True
    for changes in others:
        try:
            if _in_effect(experiment.plan(replace(options, **changes), facts)) != planned:
                return True
        except LabError:
            return True
    return False


def _in_effect(plans: Sequence[Plan]) -> list[Plan]:
    """The plans without what nothing reads: the rate of arms whose phases have rates of their own."""
    return [
        replace(plan, arms=tuple(replace(arm, rate_rps=0.0) if arm.phases else arm for arm in plan.arms))
        for plan in plans
    ]


def _some(ids: Collection[str]) -> str:
    """The experiments by name; a whole group by its own."""
    from authlab.experiments.catalogue import CHOSEN_FAULTS, GROUPS

    left, said = list(ids), []
    for group, members in GROUPS.items():
        if len(members) > 1 and set(members) <= set(left):
            said.append(group)
            left = [name for name in left if name not in members]
    found = [*said, *("--fault" if name == CHOSEN_FAULTS.id else name for name in left)]
    return ", ".join(found) if found else "no experiment"
