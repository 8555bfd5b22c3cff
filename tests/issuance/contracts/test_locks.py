"""Nobody enters a contract from within a call of it, not even a token that an upgrade made hostile."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.issuance.contracts.stage import GRAIN, ONE, Stage, account, reverts
from vyper.cli.vyper_compile import compile_files

from openscrip.issuance.chains.evm.typed_data import ACTIONS, CORPORATE_ACTION, FEED, RESERVE_REPORT
from openscrip.issuance.contracts.artifact import Artifact, own
from openscrip.issuance.contracts.compile import SOURCES

REQUEST, INNER, ACTION = b"\1" * 32, b"\2" * 32, b"\3" * 32


@cache
def returning() -> Artifact:
    """The token that comes back, compiled."""
    path = Path(__file__).with_name("Returning.vy")
    built = next(iter(compile_files([str(path)], ["abi", "bytecode"], paths=[str(SOURCES)]).values()))
    return Artifact("Returning", tuple(built["abi"]), bytes.fromhex(built["bytecode"][2:]))


class Returning:
    """A registered token that comes back, with its feed."""

    def __init__(self, stage: Stage) -> None:
        self.stage, at = stage, stage.at
        self.token = str(stage.send_data("stranger", None, returning().creation())["contractAddress"])
        code = own("ReserveFeed").creation(self.token, at.issuer, at.signers, 3_600)
        self.feed = str(stage.send_data("stranger", None, code)["contractAddress"])
        stage.send(at.registry, "Issuer", "register", self.token, self.feed, 1_000 * ONE, 100 * ONE, ONE)

    def arm(self, function: str) -> None:
        """From its next call on it tries to enter the contract again, with a call that is fine by itself."""
        stage, target = self.stage, self.stage.at.issuer
        again = own("Issuer").call("escrow", self.token, GRAIN, 1, INNER)
        if function in {"announce_and_stage", "cancel"}:
            target, action = stage.at.actions, tuple(stage.action().values())
            signatures = stage.twice(ACTIONS, CORPORATE_ACTION, action, ("corporate_action", "attestor"))
            again = own("CorporateActions").call("announce", action, *signatures)
        stage.send_data("mallory", self.token, returning().call("arm", target, again))

    def entered(self) -> bool:
        """Whether the contract let it in."""
        return bool(self.stage.node.read(returning(), self.token, "entered")[0])

    def signed_report(self) -> tuple[tuple[object, ...], bytes]:
        """A report for this token, and the attestor's signature."""
        values = self.stage.reported(token=self.token, epoch=0)
        return values, self.stage.signed(FEED, RESERVE_REPORT, values, "attestor", contract=self.feed)

    def prepare(self, function: str) -> None:
        """What must have come before."""
        if function in {"burn", "refund"}:
            self.act("escrow")
        if function == "cancel":
            self.act("announce_and_stage")
        if function in {"mint", "mint_batch", "succeed"}:
            self.stage.send("issuer", "ReserveFeed", "report", *self.signed_report(), to=self.feed)

    def act(self, function: str) -> dict[str, Any]:
        """Call a function for this token as it should be called."""
        stage, conversion = self.stage, self.stage.at.conversion
        match function:
            case "escrow":
                return stage.send("alice", "Issuer", "escrow", self.token, ONE, 1, REQUEST)
            case "burn" | "refund":
                return stage.send("issuer", "Issuer", function, account("alice"), REQUEST)
            case "surrender":
                return stage.send(conversion, "Issuer", "surrender", account("alice"), self.token, ONE, ACTION)
            case "succeed":
                return stage.send(conversion, "Issuer", "succeed", account("alice"), self.token, ONE, ACTION, REQUEST)
            case "announce_and_stage":
                return stage.schedule(stage.change(token=self.token, action=ACTION))
            case "cancel":
                return stage.cancel(ACTION)
            case "mint":
                return stage.mint(stage.voucher(token=self.token))
            case "mint_batch":
                return stage.mint_batch(stage.voucher(token=self.token))
            case _:
                voucher = stage.signed_voucher(stage.voucher(token=self.token))
                return stage.send("issuer", "Issuer", "report_and_mint", *self.signed_report(), *voucher)


FUNCTIONS = (
    "mint", "mint_batch", "report_and_mint", "escrow", "burn", "refund", "surrender", "succeed", "announce_and_stage",
    "cancel",
)  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS)
def test_contract__called_from_within_itself__lets_nobody_in(fresh: Stage, function: str) -> None:
    token = Returning(fresh)
    token.prepare(function)
    token.arm(function)
    assert token.act(function)["status"] == "0x1"
    assert token.entered() is False


@pytest.mark.parametrize("function", ["escrow", "announce_and_stage"])
def test_returning_token__outside_any_call__is_let_in(fresh: Stage, function: str) -> None:
    token = Returning(fresh)
    token.arm(function)
    mint = returning().call("mint", account("alice"), 1)
    fresh.send_data("mallory", token.token, mint)
    assert token.entered() is True


@pytest.mark.parametrize("function", ["escrow", "surrender"])
@pytest.mark.parametrize(("more", "less"), [(1, 0), (0, 1)])
def test_escrow_and_surrender__another_amount_arrives__reverts(fresh: Stage, more: int, less: int, function: str) -> None:
    token = Returning(fresh)
    fresh.send_data("mallory", token.token, returning().call("miscount", more, less))
    with reverts("issuer: another amount was received"):
        token.act(function)
