"""Routing by a hash in containers: a client has one worker, and the workers' number is followed while it runs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from authlab.stack.compose import ComposeStacks
from tests.contract.client import Client
from tests.standing import People

StandUp = Callable[..., AbstractContextManager[ComposeStacks]]

pytestmark = pytest.mark.stack

CLIENTS = 40


@pytest.mark.parametrize(
    ("mode", "moved"), [("ip-hash", (0.4, 0.9)), ("hash", (0.4, 0.9)), ("consistent-hash", (0.05, 0.6))]
)
def test_clients_spread_and_stay_and_one_worker_more_moves_them_by_the_modes_arithmetic(
    stand_up: StandUp, people: People, mode: str, moved: tuple[float, float]
) -> None:
    with stand_up(mode, workers=2) as stacks:
        stack = stacks.stacks[mode]
        clients = [Client(stack.url, headers={"X-Forwarded-For": f"10.0.{n}.1"}) for n in range(CLIENTS)]
        homes = [client.log_in(*people[0]).worker for client in clients]
        assert len(set(homes)) == 2, Counter(homes)
        for _ in range(3):
            # in no order: among the addresses of one name a ring takes turns, which an order could hide
            for number in random.sample(range(CLIENTS), CLIENTS):
                answer = clients[number].get("/me")
                assert (answer.status, answer.worker) == (200, homes[number])
        stack.scale(3)
        now = [client.get("/healthz").worker for client in clients]
        share = sum(new != old for new, old in zip(now, homes, strict=True)) / CLIENTS
        assert moved[0] < share < moved[1], (homes, now)  # 2/3 by modulo, 1/3 on a ring
        assert stacks.troubles() == []
