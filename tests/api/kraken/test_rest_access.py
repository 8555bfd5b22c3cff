"""Who may ask: key, signature, nonce, permission, rate limit, arguments, in this order, and over a restart."""

import asyncio
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
import uvloop
from tests.api.kraken.rest_room import ALICE, BOB, PAIR, Client, Room, room, run

from openscrip.api.kraken.counters import TIERS
from openscrip.api.kraken.keys import ALL, Permission
from openscrip.kernel.errors import Refused

pytestmark = pytest.mark.parts

FORM = "application/x-www-form-urlencoded"
ORDER = {"pair": "TSLAxUSD", "type": "buy", "ordertype": "limit", "volume": "1", "price": "300"}


def error_of(answer: bytes) -> str:
    (text,) = json.loads(answer)["error"]
    return str(text)


def test_checks__all_failing_at_once__fail_in_kraken_s_order(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client(ALICE, frozenset({Permission.FUNDS}), TIERS["starter"])
        path, body = "/0/private/Ledgers", b"nonce=5&type=loot"
        good = alice.signed(path, body, "5")
        unknown = good.replace(alice.key.key.encode(), b"unknown") if alice.key else b""
        assert error_of((await alice.raw(unknown))[1]) == "EAPI:Invalid key"
        forged = alice.signed(path, body, "5", sign=b"A" * 88)
        assert error_of((await alice.raw(forged))[1]) == "EAPI:Invalid signature"
        assert error_of((await alice.raw(good))[1]) == "EGeneral:Permission denied"
        assert error_of((await alice.raw(good))[1]) == "EAPI:Invalid nonce"
        bob = its.client(BOB, ALL, TIERS["starter"])
        for _ in range(7):
            await bob.result("Ledgers")
        assert await bob.error("Ledgers", type="loot") == "EAPI:Rate limit exceeded"
        its.machine_s[0] += 100
        assert await bob.error("Ledgers", type="loot") == "EGeneral:Invalid arguments:type"

    run(work, tmp_path)


def test_a_nonce__of_a_forged_request__is_not_used_up(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        body = b"nonce=9000000000000000000"
        assert error_of((await alice.raw(alice.signed("/0/private/Balance", body, "9000000000000000000", sign=b"x")))[1]) == (
            "EAPI:Invalid signature"
        )
        await alice.result("Balance")
        assert its.venue.nonce(1) < 10_000

    run(work, tmp_path)


@pytest.mark.parametrize(
    "body", [b"", b"a=1", b"nonce=", b"nonce=x", b"nonce=-1", b"nonce=1.5", b"nonce=99999999999999999999", b"nonce=0"]
)
def test_a_request__without_a_proper_nonce__is_refused(body: bytes, tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        nonce = body.partition(b"=")[2].decode() if body.startswith(b"nonce=") else ""
        assert (await alice.send("Balance", body, nonce))["error"] == ["EAPI:Invalid nonce"]

    run(work, tmp_path)


def test_a_request__replayed__is_refused_now_and_after_a_restart(tmp_path: Path) -> None:
    recorded = b""

    async def before() -> None:
        nonlocal recorded
        async with room(tmp_path) as its:
            alice = its.client()
            body = urlencode({"nonce": 77_000} | ORDER).encode()
            recorded = alice.signed("/0/private/AddOrder", body, "77000")
            assert json.loads((await alice.raw(recorded))[1])["error"] == []
            assert error_of((await alice.raw(recorded))[1]) == "EAPI:Invalid nonce"
            assert error_of((await its.stranger().raw(recorded))[1]) == "EAPI:Invalid nonce"

    async def after() -> None:
        async with room(tmp_path) as its:
            stranger = its.stranger()
            assert error_of((await stranger.raw(recorded))[1]) == "EAPI:Invalid nonce"
            assert len(its.venue.open_orders(ALICE)) == 1

    for story in (before, after):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(asyncio.wait_for(story(), 60))


def test_a_nonce__as_text_or_number_in_json__is_the_same(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        for number, body in ((5, b'{"nonce":"5"}'), (6, b'{"nonce":6}'), (7, b' {"a":null, "nonce" : 7 }')):
            assert (await alice.send("Balance", body, str(number), "application/json"))["error"] == []
        assert (await alice.send("Balance", b'{"nonce":7}', "7", "application/json; charset=utf-8"))["error"] == [
            "EAPI:Invalid nonce"
        ]
        assert (await alice.send("Balance", b'{"nonce":8.5}', "8.5", "application/json"))["error"] == ["EAPI:Invalid nonce"]
        assert (await alice.send("Balance", b'{"nonce":[9]}', "9", "application/json"))["error"] == [
            "EGeneral:Invalid arguments:nonce"
        ]

    run(work, tmp_path)


def test_nonces__out_of_order_within_a_window__serve_once(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client(window_s=5)
        for nonce, error in ((100, []), (90, []), (90, ["EAPI:Invalid nonce"]), (95, []), (101, [])):
            assert (await alice.send("Balance", b"nonce=%d" % nonce, str(nonce)))["error"] == error
        its.machine_s[0] += 6
        assert (await alice.send("Balance", b"nonce=99", "99"))["error"] == ["EAPI:Invalid nonce"]

    run(work, tmp_path)


def test_a_key__revoked_or_expired__is_dead_within_a_second(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice, bob = its.client(ALICE), its.client(BOB)
        assert alice.key
        its.files.revoke(alice.key.key)
        its.machine_s[0] += 1.1
        assert await alice.error("Balance") == "EAPI:Invalid key"
        assert alice.key.key not in [key.key for key in its.files.read() if not key.revoked]
        await bob.result("Balance")
        late = Client(its.port, its.files.create(BOB, "short", expires_us=its.time() + 1_000_000))
        its.clients.append(late)
        its.machine_s[0] += 1.1
        await late.result("Balance")
        its.time.at_us += 2_000_000
        assert await late.error("Balance") == "EAPI:Invalid key"

    run(work, tmp_path)


def test_guesses__of_keys_and_signatures__end_in_a_lockout_that_spares_who_signs_right(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        found = []
        for number in range(30):
            request = alice.signed("/0/private/Balance", b"nonce=9%03d" % number, f"9{number:03d}", sign=b"guess")
            found.append(error_of((await alice.raw(request))[1]))
        assert found[0] == "EAPI:Invalid signature"
        assert found[-1] == "EGeneral:Temporary lockout"
        assert sorted(set(found)) == ["EAPI:Invalid signature", "EGeneral:Temporary lockout"]
        await alice.result("Balance")

    run(work, tmp_path)


def test_orders__faster_than_the_tier_allows__are_refused_and_cancels_are_not(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client(ALICE, ALL, TIERS["starter"])
        texts = [await alice.order(price=f"{200 + number}") for number in range(60)]
        assert await alice.error("AddOrder", **ORDER) == "EOrder:Rate limit exceeded"
        assert await alice.error("AmendOrder", txid=texts[0], order_qty="0.5") == "EOrder:Rate limit exceeded"
        for text in texts[:5]:
            await alice.result("CancelOrder", txid=text)
        its.machine_s[0] += 10
        await alice.order()
        assert its.backing.counters.engine(ALICE, PAIR.number, TIERS["starter"], its.machine_s[0]) == 51.0
        bob = its.client(BOB, ALL, TIERS["starter"])
        await bob.order()

    run(work, tmp_path)


def test_public_calls__in_a_flood__are_refused_until_it_ebbs(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        stranger = its.stranger()
        answers = [await stranger.public("Time") for _ in range(1_010)]
        assert answers[999]["error"] == []
        assert answers[-1] == {"error": ["EGeneral:Too many requests"]}
        its.machine_s[0] += 1
        assert (await stranger.public("Time"))["error"] == []

    run(work, tmp_path)


def test_an_answer__leaves_only_when_what_it_says_is_on_the_disk(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        told = await alice.ask("AddOrder", **ORDER)
        assert told["error"] == []
        assert its.sequencer.durable_sequence == its.venue.sequence
        await alice.result("Balance")
        assert its.sequencer.durable_sequence == its.venue.sequence

    run(work, tmp_path)


def test_a_venue__that_has_stopped__acknowledges_nothing(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice, waiting = its.client(), its.client()
        await alice.result("Balance")
        its.sequencer._stop("the disk failed")
        assert await alice.error("Balance") == "EService:Unavailable"
        assert await alice.error("OpenOrders") == "EService:Unavailable"
        assert await alice.error("AddOrder", **ORDER) == "EService:Unavailable"
        assert (await waiting.public("Depth", pair="TSLAxUSD"))["error"] == ["EService:Unavailable"]
        assert (await waiting.public("SystemStatus"))["result"]["status"] == "cancel_only"
        with pytest.raises(Refused):
            await its.backing.durable()

    run(work, tmp_path)


def test_a_method_or_path__unknown__is_said_to_be(tmp_path: Path) -> None:
    async def work(its: Room) -> None:
        alice = its.client()
        assert await alice.error("OpenPositions") == "EGeneral:Unknown method"
        assert (await alice.public("Fortune"))["error"] == ["EGeneral:Unknown method"]
        assert (await alice.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))[0] == 404
        assert (await alice.raw(b"DELETE /0/public/Time HTTP/1.1\r\nHost: x\r\n\r\n"))[0] == 405
        assert error_of((await alice.raw(b"GET /0/private/Balance HTTP/1.1\r\nHost: x\r\n\r\n"))[1]) == "EAPI:Bad request"

    run(work, tmp_path)
