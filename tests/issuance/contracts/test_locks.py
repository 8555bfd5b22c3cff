"""Nobody enters the issuer contract from within a call of it, not even a token that the lister chose badly."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.issuance.contracts.stage import GRAIN, ONE, Stage, account, reverts
from vyper.cli.vyper_compile import compile_files

from openscrip.issuance.chains.evm.typed_data import (
    FEED,
    ISSUER,
    MINT_VOUCHER,
    MULTIPLIER_CANCEL,
    MULTIPLIER_CHANGE,
    RESERVE_REPORT,
)
from openscrip.issuance.contracts.artifact import Artifact, own
from openscrip.issuance.contracts.compile import SOURCES

REQUEST, INNER = b"\1" * 32, b"\2" * 32


@cache
def returning() -> Artifact:
    """The token that comes back, compiled."""
    path = Path(__file__).with_name("Returning.vy")
    built = next(iter(compile_files([str(path)], ["abi", "bytecode"], paths=[str(SOURCES)]).values()))
    return Artifact("Returning", tuple(built["abi"]), bytes.fromhex(built["bytecode"][2:]))


class Returning:
    """A listed token that comes back, with its feed."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        made = stage.send_data("lister", None, returning().creation())
        self.token = str(made["contractAddress"])
        feed = stage.send_data("lister", None, own("ReserveFeed").creation(self.token, stage.at.issuer, 3_600))
        self.feed = str(feed["contractAddress"])
        stage.send("lister", "Issuer", "register", self.token, self.feed)

    def arm(self) -> None:
        """From its next call on it tries to escrow some of itself."""
        again = own("Issuer").call("escrow", self.token, GRAIN, 1, INNER)
        self.stage.send_data("mallory", self.token, returning().call("arm", self.stage.at.issuer, again))

    def entered(self) -> bool:
        """Whether the issuer contract let it in."""
        call = {"to": self.token, "data": "0x" + returning().call("entered").hex()}
        return int(self.stage.rpc.call("eth_call", call, "latest"), 16) == 1

    def signed_report(self) -> tuple[tuple[object, ...], bytes]:
        """A report for this token, and the attestor's signature."""
        values = self.stage.reported(token=self.token, epoch=0)
        return values, self.stage.signed(FEED, RESERVE_REPORT, values, "attestor", contract=self.feed)

    def act(self, function: str) -> dict[str, Any]:
        """Call a function of the issuer contract for this token, as it should be called."""
        stage = self.stage
        if function == "escrow":
            return stage.send("alice", "Issuer", "escrow", self.token, ONE, 1, REQUEST)
        if function in {"burn", "refund"}:
            return stage.send("issuer", "Issuer", function, REQUEST)
        if function in {"schedule_multiplier", "cancel_multiplier"}:
            change = tuple(stage.change(token=self.token).values())
            kind, values = (
                (MULTIPLIER_CHANGE, change) if function == "schedule_multiplier" else (MULTIPLIER_CANCEL, (self.token, REQUEST))
            )
            keys = ("corporate_action", "attestor")
            return stage.send(
                "stranger", "Issuer", function, values, *(stage.signed(ISSUER, kind, values, name) for name in keys)
            )
        report, voucher = self.signed_report(), tuple(stage.voucher(token=self.token).values())
        signatures = [stage.signed(ISSUER, MINT_VOUCHER, voucher, name) for name in ("issuer", "attestor")]
        if function == "report_and_mint":
            return stage.send("issuer", "Issuer", function, *report, voucher, *signatures)
        stage.send("issuer", "ReserveFeed", "report", *report, to=self.feed)
        return stage.send("stranger", "Issuer", "mint", voucher, *signatures)


@pytest.mark.parametrize(
    "function",
    ["mint", "report_and_mint", "escrow", "burn", "refund", "schedule_multiplier", "cancel_multiplier"],
)
def test_issuer__called_from_within_itself__lets_nobody_in(fresh: Stage, function: str) -> None:
    token = Returning(fresh)
    if function in {"burn", "refund"}:
        token.act("escrow")
    token.arm()
    assert token.act(function)["status"] == "0x1"
    assert token.entered() is False


def test_returning_token__outside_any_call__is_let_in(fresh: Stage) -> None:
    token = Returning(fresh)
    token.arm()
    mint = returning().call("mint", account("alice"), 1)
    fresh.send_data("mallory", token.token, mint)
    assert token.entered() is True


@pytest.mark.parametrize(("more", "less"), [(1, 0), (0, 1)])
def test_escrow__another_amount_arrives__reverts(fresh: Stage, more: int, less: int) -> None:
    token = Returning(fresh)
    fresh.send_data("mallory", token.token, returning().call("miscount", more, less))
    with reverts("issuer: another amount was received"):
        token.act("escrow")
