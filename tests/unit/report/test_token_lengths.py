"""What ratios about tokens depend on stands in the report: the library's version, and the token's length."""

from __future__ import annotations

from dataclasses import replace

from authlab.lab.trials import with_token
from authlab.model.run import Trial

_TRIAL = Trial("01-jwt", "three-modes", "n3", "jwt", 3, summary={"requests": 10})


def test_the_length_of_a_token_is_kept_with_the_numbers_of_its_trial() -> None:
    assert with_token(_TRIAL, 319).summary == {"requests": 10, "token_bytes": 319}
    assert with_token(_TRIAL, None) == _TRIAL
    bare = replace(_TRIAL, summary={})
    assert with_token(bare, 319) == bare, "a trial that was not measured has no numbers"
