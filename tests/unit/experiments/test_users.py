"""Who was logged out, where users are bound and who asked meanwhile: on histories small enough to count by hand."""

from __future__ import annotations

from authlab.experiments.users import (
    all_users,
    asked_after,
    asked_between,
    bound_to,
    ended,
    logouts,
    logouts_per_user,
)
from tests.unit.experiments.made_faults import Diary, always_good, event, live, ns


def _diary() -> Diary:
    """User 0 is refused twice with one log-in and once with the next, user 1 never, user 2 logs out first."""
    diary = Diary()
    for user in range(3):
        diary.login(user, -1.0, f"worker-{user + 1}")
        diary.ask(user, 1.0, f"worker-{user + 1}")
    diary.ask(0, 2.0, "worker-2", outcome="auth", reason="unknown_session")
    diary.ask(0, 2.5, "worker-3", outcome="auth", reason="expired")
    diary.login(0, 3.0, "worker-2")
    diary.ask(0, 4.0, "worker-2")
    diary.ask(0, 5.0, "worker-1", outcome="auth", reason="unknown_session")
    diary.ask(2, 2.0, "worker-3", op="logout", status=204)
    diary.ask(2, 3.0, "worker-3", outcome="auth", reason="unknown_session")
    return diary


def test_a_log_in_that_is_refused_twice_is_one_log_out_at_its_first_refusal() -> None:
    found = logouts(_diary().samples)
    assert found.select("user", "at_ns", "worker", "reason").rows() == [
        (0, ns(2.003), "worker-2", "unknown_session"),
        (0, ns(5.003), "worker-1", "unknown_session"),
    ]


def test_users_are_counted_by_their_log_outs_and_those_who_logged_out_themselves_by_none() -> None:
    assert logouts_per_user(_diary().samples, [0, 1, 2, 9]) == {0: 2, 1: 0, 2: 0, 9: 0}


def test_a_credential_that_has_expired_may_be_refused() -> None:
    diary = Diary()
    diary.login(0, 0.0, "worker-1", ttl_s=10.0)
    diary.ask(0, 7.0, "worker-1", outcome="auth")
    diary.login(1, 0.0, "worker-1", ttl_s=10.0)
    diary.ask(1, 9.0, "worker-1", outcome="auth")  # within the leeway of whole seconds
    assert logouts_per_user(diary.samples, (0, 1)) == {0: 1, 1: 0}


def test_failures_without_an_answer_are_no_log_outs() -> None:
    diary = Diary()
    diary.login(0, 0.0, "worker-1")
    for at_s, outcome in ((1.0, "server"), (2.0, "network"), (3.0, "timeout"), (4.0, "proxy")):
        diary.ask(0, at_s, "", outcome=outcome)
    assert logouts(diary.samples).is_empty()


def test_everybody_is_who_asked_and_not_who_only_logged_in() -> None:
    diary = _diary()
    diary.login(7, 1.0, "worker-1")
    assert all_users(diary.samples) == {0, 1, 2}


def test_users_are_bound_to_the_worker_that_accepted_them_last() -> None:
    samples = _diary().samples
    assert bound_to(samples, "worker-1", ns(2.0)) == {0}
    assert bound_to(samples, "worker-2", ns(2.4)) == {1}, "a refusal binds nobody"
    assert bound_to(samples, "worker-2", ns(3.5)) == {0, 1}, "a log-in does"
    assert bound_to(samples, "worker-2", ns(-2.0)) == set()


def test_who_asked_between_two_moments_by_the_sending_of_it() -> None:
    samples = _diary().samples
    assert asked_between(samples, ns(2.0), ns(2.5)) == {0, 2}
    assert asked_between(samples, ns(2.5), ns(2.5)) == set()
    assert asked_between(samples, ns(3.0), ns(3.5)) == {2}, "a log-in asks for nothing"


def test_who_asked_after_a_fault_noticed_it() -> None:
    samples = _diary().samples
    assert asked_after(samples, event("crash-worker", "worker-1", 1.0, 3.5)) == {0}
    assert asked_after(samples, event("crash-worker", "worker-1", 3.0, None)) == {0, 2}


def test_an_end_that_was_never_seen_is_the_start() -> None:
    assert ended(event("crash-worker", "worker-1", 2.0, 3.0)) == ns(3.0)
    assert ended(event("crash-worker", "worker-1", 2.0, None)) == ns(2.0)


def test_empty_tables_have_nobody() -> None:
    samples = Diary().samples
    assert logouts(samples).is_empty()
    assert all_users(samples) == bound_to(samples, "worker-1", ns(1)) == asked_between(samples, 0, ns(9)) == set()
    assert logouts_per_user(live(always_good, users=2, seconds=1).samples, ()) == {}
