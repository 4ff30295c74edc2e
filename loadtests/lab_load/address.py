"""The address that a user claims to come from, for services that route by it."""

from __future__ import annotations

from lab_load.schedule import stream


def address_of(seed: int, number: int) -> dict[str, str]:
    """The header with the address of user `number`: one in a network of its own, drawn at random.

    Random, because a hash deals neighbouring networks evenly, and real clients are no neighbours. Equal seeds give
    equal addresses. nginx's `ip_hash` looks at the first three bytes, here of 10.0.0.0/8 to 126.0.0.0/8.
    """
    rng = stream(f"{seed}:address", number)
    first, second, third = (rng.randrange(least, most) for least, most in ((11, 127), (0, 256), (0, 256)))
    return {"X-Forwarded-For": f"{first}.{second}.{third}.1"}
