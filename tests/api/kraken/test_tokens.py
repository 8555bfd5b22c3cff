"""Socket tokens: fifteen minutes, one key each, and no end of asking fills the memory."""

import pytest

from openscrip.api.kraken.keys import new_key
from openscrip.api.kraken.tokens import LIFE_S, TOKENS_MAX, Tokens
from openscrip.kernel.errors import Refused

KEY = new_key(1, 7, "trader")


def test_a_token__within_its_time__names_its_key() -> None:
    tokens = Tokens()
    token = tokens.issue(KEY, 0.0)
    assert tokens.key_of(token, LIFE_S) is KEY


@pytest.mark.parametrize("token", ["", "x", "0" * 10_000])
def test_a_token__unknown__is_refused(token: str) -> None:
    with pytest.raises(Refused) as refused:
        Tokens().key_of(token, 0.0)
    assert refused.value.code == "session.token"


def test_a_token__too_old__is_refused() -> None:
    tokens = Tokens()
    token = tokens.issue(KEY, 0.0)
    with pytest.raises(Refused):
        tokens.key_of(token, LIFE_S + 0.1)


def test_tokens__asked_for_without_end__push_out_the_oldest() -> None:
    tokens = Tokens()
    first = tokens.issue(KEY, 0.0)
    last = [tokens.issue(KEY, 0.0) for _ in range(TOKENS_MAX)][-1]
    with pytest.raises(Refused):
        tokens.key_of(first, 0.0)
    assert tokens.key_of(last, 0.0) is KEY
