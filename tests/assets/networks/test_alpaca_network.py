"""What the network answers, read with all its quirks; what our calls carry; and when we ask again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from openscrip.assets.alpaca_http import AlpacaHttp, Auth, Credentials, decimal_text, instant_of, retry_after_s
from openscrip.assets.network import (
    CHAIN_NAMES,
    ISSUER_NAMES,
    AskRequest,
    CallRedeem,
    NetworkAnswered,
    NetworkOverdue,
    NetworkRefused,
    NetworkRequest,
    NetworkStatus,
    RequestFilter,
    RequestType,
)
from openscrip.assets.network_desk import NetworkDesk, Polling
from openscrip.assets.networks.alpaca import AlpacaNetwork, ClientField, read_request
from openscrip.assets.paper_rest import Answer, Asked, PaperRest
from openscrip.kernel.clock import LiveClock, instant
from openscrip.kernel.errors import Malformed, NotYet, Refused, Unavailable
from openscrip.kernel.quantities import Shares
from openscrip.runtime.store import Command, Lease

TOLD: dict[str, Any] = {
    "tokenization_request_id": "12345-678-90AB", "issuer_request_id": "ABCDEF123",
    "client_external_account_id": "5505-1234-ABC-4G45", "created_at": "2025-09-12T17:28:48.642437-04:00",
    "updated_at": "2025-09-12T17:28:48.642437-04:00", "type": "redeem", "status": "completed", "underlying_symbol": "TSLA",
    "token_symbol": "TSLAx", "qty": "123.45", "issuer": "xstocks", "network": "solana", "wallet_address": "0x1234567A",
    "tx_hash": "0x1234567A", "fees": "0.567",
}  # fmt: skip
CALL = CallRedeem("itn-ap-1-1", "TSLA", "TSLAx", "ap-1", Shares.parse("1.5"), "ethereum", "wallet", "0xtx")


def test_a_request_is_read_as_the_guide_shows_it() -> None:
    assert read_request(TOLD) == NetworkRequest(
        "12345-678-90AB", "ABCDEF123", "5505-1234-ABC-4G45", RequestType.REDEEM, NetworkStatus.COMPLETED, "TSLA", "TSLAx",
        Shares.parse("123.45"), "xstocks", "solana", "0x1234567A", "0x1234567A", "0.567", instant("2025-09-12T21:28:48Z"),
    )  # fmt: skip


def without(*names: str, **more: object) -> dict[str, Any]:
    return {name: value for name, value in TOLD.items() if name not in names} | more


@pytest.mark.parametrize(
    ("told", "field", "value"),
    [
        (without("tokenization_request_id", id="old"), "tokenization_request_id", "old"),
        (without("tx_hash", tx_hash=""), "tx_hash", ""),
        (without("tx_hash"), "tx_hash", ""),
        (without("token_symbol", token_symbol=""), "token", ""),
        (without("wallet_address"), "wallet", ""),
        (without("wallet_address", wallet_address=None), "wallet", ""),
        (without("fees"), "fees", ""),
        (without("fees", fees=2), "fees", "2"),
        (without("client_external_account_id", client_account_id="uuid"), "client", "uuid"),
        (without("client_external_account_id", client_id="older"), "client", "older"),
        (without("issuer", issuer="openscrip"), "issuer", "openscrip"),
        (without("network", network="brand-new"), "network", "brand-new"),
        (without("created_at"), "created_at", 0),
    ],
)
def test_each_quirk_of_an_answer_is_read(told: dict[str, Any], field: str, value: object) -> None:
    assert getattr(read_request(told), field) == value


@pytest.mark.parametrize(
    "told",
    [
        without("tokenization_request_id"), without("status"), without(status="done"), without(type="burn"), without(qty="1,5"),
        without(qty="0.0000000001"), without(qty=None), without(qty=True), without(created_at="yesterday"), without(fees="x"),
        without(tx_hash=7), without(wallet_address=["0x"]), [], None, "text",
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_read_is_refused_loudly(told: object) -> None:
    with pytest.raises(Malformed):
        read_request(told)


def test_the_enums_are_those_of_the_guide() -> None:
    assert {each.value for each in NetworkStatus} == {"pending", "completed", "rejected"}
    assert {each.value for each in RequestType} == {"mint", "redeem"}
    assert sorted(ISSUER_NAMES) == ["binance", "coinbase", "ondo", "st0x", "xstocks"]
    assert sorted(CHAIN_NAMES) == [
        "arbitrum", "base", "binance", "cronos", "ethereum", "hypercore", "hyperevm", "mantle", "robinhood", "solana", "ton",
        "tron",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.50", "1.5"), (3, "3"), ("1e-5", "0.00001"), ("12E2", "1200"), ("0", "0"), ("-0.0", "0"), ("-2.5", "-2.5"),
        ("0.1e1", "1"), ("100", "100"),
    ],
)  # fmt: skip
def test_a_decimal_keeps_every_digit(value: object, text: str) -> None:
    assert decimal_text(value, "amount") == text


@pytest.mark.parametrize("value", ["", "1.", ".5", "1e999", "NaN", "0x1", "01", True, None, 1.5, "1" * 40, 10**40, [], "1 "])
def test_what_is_no_decimal_is_refused(value: object) -> None:
    with pytest.raises(Malformed):
        decimal_text(value, "amount")


@pytest.mark.parametrize("text", ["", "2025-13-01T00:00:00Z", "2025-01-01T00:00:00", "2025-01-01", "2025-01-01T25:00:00Z"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        instant_of(text, "created_at")


def test_a_wait_is_seconds_or_a_date_and_never_more_than_five_minutes() -> None:
    assert [retry_after_s(text) for text in ("0", "7", "99999", "", "soon")] == [0, 7, 300, 1, 1]
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert LiveClock().now() > 0


# our calls


@dataclass
class Heard:
    """What the other side heard, and what it answers next."""

    asked: list[Asked]
    answers: list[Answer]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def heard() -> Iterator[tuple[Heard, str]]:
    found = Heard([], [Answer(200, TOLD)])
    with PaperRest([(method, r"/.*", found.answer) for method in ("GET", "POST")]) as rest:
        yield found, rest.url
        while OPENED:
            OPENED.pop().close()


OPENED: list[AlpacaNetwork] = []


def network(url: str, auth: Auth = Auth.BASIC, field: ClientField = "client_external_account_id") -> AlpacaNetwork:
    credentials = Credentials(auth, "key", "secret", f"{url}/oauth/token")
    OPENED.append(AlpacaNetwork(AlpacaHttp("network", url, credentials, timeout_s=2.0), "acc/1", field))
    return OPENED[-1]


@pytest.mark.parametrize("field", ["client_external_account_id", "client_account_id"])
def test_a_redemption_names_the_client_once_and_carries_its_key(heard: tuple[Heard, str], field: ClientField) -> None:
    found, url = heard
    network(url, field=field).redeem(CALL)
    (asked,) = found.asked
    assert asked.path == "/v1/accounts/acc%2F1/tokenization/callback/redeem"
    assert asked.headers["idempotency-key"] == "itn-ap-1-1"
    clients = {name for name in asked.body if name.startswith("client")}
    assert (clients, asked.body["qty"], asked.body["issuer_request_id"]) == ({field}, "1.5", "itn-ap-1-1")


def test_requests_are_listed_by_what_is_chosen_and_found_by_each_id(heard: tuple[Heard, str]) -> None:
    found, url = heard
    found.answers = [Answer(200, [TOLD]), Answer(200, TOLD)]
    adapter = network(url)
    chosen = RequestFilter(type="redeem", network="solana", after="2025-01-01T00:00:00Z")
    assert adapter.requests(chosen) == [read_request(TOLD)]
    assert found.asked[0].query == {"type": "redeem", "network": "solana", "after": "2025-01-01T00:00:00Z"}
    ways: list[Callable[[str], NetworkRequest | None]] = [
        adapter.request, adapter.by_issuer_request_id, adapter.by_client_request_id,
    ]  # fmt: skip
    assert [way("r 1") for way in ways] == [read_request(TOLD)] * 3
    root = "/v1/accounts/acc%2F1/tokenization/requests"
    assert [asked.path for asked in found.asked[1:]] == [
        f"{root}/r%201", f"{root}:by_issuer_request_id", f"{root}:by_client_request_id",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [(Auth.BASIC, "authorization", "Basic a2V5OnNlY3JldA=="), (Auth.APCA, "apca-api-secret-key", "secret")],
)
def test_our_calls_prove_who_we_are_as_it_is_set(heard: tuple[Heard, str], auth: Auth, header: str, value: str) -> None:
    found, url = heard
    network(url, auth).redeem(CALL)
    assert found.asked[0].headers[header] == value


def test_a_bearer_token_is_fetched_once_and_its_secret_is_in_no_text(heard: tuple[Heard, str]) -> None:
    found, url = heard
    found.answers = [Answer(200, {"access_token": "token", "expires_in": 900}), Answer(200, TOLD)]
    adapter = network(url, Auth.OAUTH)
    adapter.redeem(CALL)
    adapter.redeem(CALL)
    assert [asked.path for asked in found.asked][:2] == ["/oauth/token", found.asked[1].path]
    assert {asked.headers["authorization"] for asked in found.asked[1:]} == {"Bearer token"}
    assert len(found.asked) == 3
    assert "secret" not in repr(Credentials(Auth.BASIC, "key", "secret"))


@pytest.mark.parametrize(
    ("status", "message", "kind", "code"),
    [
        (400, "bad", Refused, "network.400"), (403, "account not enabled", Refused, "network.403"),
        (403, "Insufficient position", Refused, "network.insufficient"), (422, "invalid", Refused, "network.422"),
        (401, "who", Unavailable, ""), (408, "late", Unavailable, ""), (500, "oops", Unavailable, ""),
        (503, "down", Unavailable, ""),
    ],
)  # fmt: skip
def test_each_failure_is_what_it_means(
    heard: tuple[Heard, str], status: int, message: str, kind: type[Exception], code: str
) -> None:
    found, url = heard
    found.answers = [Answer(status, {"code": 40310000, "message": message})]
    with pytest.raises(kind) as raised:
        network(url).redeem(CALL)
    assert getattr(raised.value, "code", "") == code
    assert message in str(raised.value)


def test_a_wait_that_is_asked_for_is_kept(heard: tuple[Heard, str]) -> None:
    found, url = heard
    found.answers = [Answer(429, {"message": "slow"}, {"Retry-After": "17"})]
    with pytest.raises(NotYet) as wait:
        network(url).redeem(CALL)
    assert wait.value.after_s == 17


@pytest.mark.parametrize("answer", [Answer(200, {"qty": "1"}), Answer(200, []), Answer(200, None), Answer(cut=True)], ids=str)
def test_a_good_answer_that_cannot_be_read_is_no_answer(heard: tuple[Heard, str], answer: Answer) -> None:
    found, url = heard
    found.answers = [answer]
    with pytest.raises(Unavailable):
        network(url).redeem(CALL)


# asking again


def lease(action: object, attempts: int = 0) -> Lease:
    return Lease(Command("key", "InKindRedemption", "itn-ap-1-1", action), 1, attempts)


class Says:
    """A network that says the same to every question."""

    def __init__(self, found: NetworkRequest | Exception | None, redeemed: NetworkRequest | Exception | None = None) -> None:
        self.found, self.redeemed = found, redeemed

    def by_issuer_request_id(self, issuer_request_id: str) -> NetworkRequest | None:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def request(self, tokenization_request_id: str) -> NetworkRequest | None:
        return self.by_issuer_request_id("")

    def redeem(self, call: CallRedeem) -> NetworkRequest:
        if isinstance(self.redeemed, NetworkRequest):
            return self.redeemed
        raise self.redeemed or AssertionError("it was called again")


PENDING = read_request(TOLD | {"status": "pending"})


def test_questions_come_after_250_ms_and_twice_as_late_up_to_30_s_for_an_hour() -> None:
    polling = Polling()
    assert [polling.delay_s(n) for n in range(9)] == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]
    waits = [polling.delay_s(n) for n in range(200)]
    last = next(n for n in range(200) if polling.is_over(n))
    assert sum(waits[:last]) <= 3_600 < sum(waits[: last + 1])


@pytest.mark.parametrize("found", [None, PENDING, Unavailable("silent"), Refused("network.422", "network: odd")])
def test_what_has_no_end_yet_is_asked_again_and_after_an_hour_is_a_persons(found: Any) -> None:
    desk = NetworkDesk(Says(found))  # type: ignore[arg-type]  # what asking uses
    with pytest.raises(NotYet) as wait:
        desk.ask(lease(AskRequest("itn-ap-1-1", "r-1"), attempts=3))
    assert wait.value.after_s == 2
    assert isinstance(desk.ask(lease(AskRequest("itn-ap-1-1", "r-1"), attempts=400)), NetworkOverdue)


def test_an_end_is_told() -> None:
    desk = NetworkDesk(Says(read_request(TOLD)))  # type: ignore[arg-type]  # what asking uses
    assert desk.ask(lease(AskRequest("itn-ap-1-1", ""))) == NetworkAnswered("12345-678-90AB", NetworkStatus.COMPLETED)


def test_a_call_that_was_tried_before_is_looked_for_and_not_sent_again() -> None:
    desk = NetworkDesk(Says(PENDING))  # type: ignore[arg-type]  # what calling uses
    assert desk.redeem(lease(CALL, attempts=1)) == NetworkAnswered("12345-678-90AB", NetworkStatus.PENDING)


def test_a_refusal_of_something_that_the_network_has_is_no_refusal() -> None:
    desk = NetworkDesk(Says(PENDING, Refused("network.422", "network: used before")))  # type: ignore[arg-type]  # what calling uses
    assert desk.redeem(lease(CALL)) == NetworkAnswered("12345-678-90AB", NetworkStatus.PENDING)


def test_a_refusal_ends_it_only_where_nothing_is_found_and_it_does_not_pass() -> None:
    refused = NetworkDesk(Says(None, Refused("network.403", "network: not enabled")))  # type: ignore[arg-type]  # what calling uses
    assert refused.redeem(lease(CALL)) == NetworkRefused("network.403", "network: not enabled")
    short = NetworkDesk(Says(None, Refused("network.insufficient", "network: short")))  # type: ignore[arg-type]  # what calling uses
    with pytest.raises(NotYet):
        short.redeem(lease(CALL))
    assert isinstance(short.redeem(lease(CALL, attempts=400)), NetworkRefused)
    silent = NetworkDesk(Says(Unavailable("silent"), Refused("network.403", "network: not enabled")))  # type: ignore[arg-type]  # what calling uses
    with pytest.raises(NotYet):
        silent.redeem(lease(CALL))
