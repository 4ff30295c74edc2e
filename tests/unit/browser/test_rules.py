"""What is predicted for the matrix follows from each place's attributes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from authlab.browser.cells import ATTACHED, ATTACKS, CHANGED, FAMILIES, KEPT, READABLE, STOLEN
from authlab.browser.places import PLACES, Place
from authlab.browser.rules import ruling, rulings


def said_yes(attack: str, question: str) -> set[str]:
    """The places for which a question is predicted to be answered yes."""
    return {place for place, place_of in PLACES.items() if ruling(place_of, attack, question).holds}


def test_nine_places_and_six_attacks_are_predicted_in_every_question_with_a_reason() -> None:
    assert len(PLACES) == 9
    assert {attack.family for attack in ATTACKS.values()} == set(FAMILIES)
    assert len(FAMILIES) == 6
    found = rulings()
    assert len(found) == 9 * sum(len(attack.questions) for attack in ATTACKS.values())
    assert all(ruled.rule for ruled in found.values())


def test_a_passive_thief_gets_what_scripts_can_read_and_an_active_one_every_token() -> None:
    passive = said_yes("steal-passive", STOLEN)
    assert passive == {"local-storage", "session-storage", "readable-cookie"}
    assert said_yes("steal-active", STOLEN) == passive | {"memory"}


def test_an_injected_script_rides_every_session() -> None:
    assert said_yes("ride", CHANGED) == set(PLACES)


def test_a_forged_post_carries_a_cookie_of_none_and_a_new_one_without_samesite() -> None:
    sent = {"cookie-none", "cookie-unset", "readable-cookie"}
    assert said_yes("forged-post", ATTACHED) == sent
    assert said_yes("forged-post", CHANGED) == sent
    assert said_yes("forged-json", ATTACHED) == sent
    assert said_yes("forged-json", CHANGED) == set(), "a form can't send application/json"


def test_a_top_level_get_carries_every_cookie_but_strict() -> None:
    assert said_yes("forged-get", ATTACHED) == {p for p in PLACES if "cookie" in p} - {"cookie-strict"}


def test_a_forged_fetch_carries_none_alone_and_only_where_third_party_cookies_are_allowed() -> None:
    assert said_yes("forged-fetch-allowed", ATTACHED) == {"cookie-none"}
    assert said_yes("forged-fetch-blocked", ATTACHED) == set()
    assert said_yes("forged-fetch-allowed", READABLE) == set()


def test_only_a_closure_variable_is_lost_by_a_reload() -> None:
    assert set(PLACES) - said_yes("reload", KEPT) == {"memory"}


def test_a_prediction_follows_the_attribute_and_not_the_name() -> None:
    strict = PLACES["cookie-strict"]
    assert not ruling(strict, "forged-post", ATTACHED).holds
    assert ruling(replace(strict, same_site="None"), "forged-post", ATTACHED).holds
    assert ruling(Place("new", "a new place", None, readable=True), "steal-passive", STOLEN).holds


def test_a_question_that_is_not_asked_has_no_answer() -> None:
    with pytest.raises(KeyError):
        ruling(PLACES["memory"], "ride", READABLE)
