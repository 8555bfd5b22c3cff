"""A dividend in a stablecoin on the stage: the distributor, money that may misbehave, and a distribution to three holders."""

from functools import cache
from pathlib import Path
from typing import Any

from tests.issuance.contracts.stage import CHAIN_ID, Stage, account, key
from vyper.cli.vyper_compile import compile_files

from openscrip.issuance.chains.evm.distribution_tree import (
    DISTRIBUTION,
    DISTRIBUTOR,
    DistributionTree,
    Entitlements,
    Payment,
    distribution_id,
    plant,
)
from openscrip.issuance.chains.evm.typed_data import digest
from openscrip.issuance.contracts.artifact import Artifact, own

DAY = 86_400
EVENT = b"\x0d" * 32
DUE = {"alice": 60, "bob": 30, "carol": 7}
TOTAL = 100
CA, ATTESTOR = "corporate_action", "attestor"


@cache
def stablecoin() -> Artifact:
    """The stablecoin that may be told to misbehave, compiled."""
    path = Path(__file__).with_name("Stablecoin.vy")
    built = next(iter(compile_files([str(path)], ["abi", "bytecode"]).values()))
    return Artifact("Stablecoin", tuple(built["abi"]), bytes.fromhex(built["bytecode"][2:]))


class Dividend:
    """A distributor, a stablecoin of which the payer has plenty, and the distribution of one event to three holders."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        creation = own("Distributor").creation(stage.at.policy, stage.at.signers, stage.at.issuer)
        self.at = str(stage.send_data("lister", None, creation)["contractAddress"])
        self.coin = str(stage.send_data("lister", None, stablecoin().creation())["contractAddress"])
        self.tell("mint", account("payer"), 10**30)
        self.tell("approve", self.at, 10**30, sender="payer")
        self.tree = self.plant(DUE)

    @property
    def id(self) -> bytes:
        return self.id_of(EVENT)

    def id_of(self, event: bytes) -> bytes:
        return distribution_id(CHAIN_ID, self.at, event, self.stage.token)

    def plant(self, due: dict[str, int], event: bytes = EVENT) -> DistributionTree:
        by_address = {account(name): amount for name, amount in due.items()}
        return plant(self.id_of(event), Entitlements(sum(due.values()), by_address, 0))

    def tell(self, function: str, *arguments: object, sender: str = "stranger") -> None:
        self.stage.send_data(sender, self.coin, stablecoin().call(function, *arguments))

    def misbehave(self, fee: int = 0, surcharge: int = 0, *, lies: bool = False, silent: bool = False) -> None:
        self.tell("behave", fee, surcharge, lies, silent)

    def entered(self) -> bool:
        answer = self.stage.rpc.call("eth_call", {"to": self.coin, "data": "0x" + stablecoin().call("entered").hex()}, "latest")
        return bool(int(answer, 16))

    def held(self, name: str) -> int:
        data = "0x" + stablecoin().call("balanceOf", account(name)).hex()
        return int(self.stage.rpc.call("eth_call", {"to": self.coin, "data": data}, "latest"), 16)

    def fields(self, **changes: Any) -> dict[str, Any]:
        """A distribution that would be accepted, with changes."""
        now = self.stage.now()
        fields: dict[str, Any] = {
            "event": EVENT, "token": self.stage.token, "stablecoin": self.coin, "root": self.tree.root, "total": TOTAL,
            "record_at": now - 60, "record_block": 1, "deadline": now + 60 * DAY, "receiver": account("treasury"),
            "payer": account("payer"), "signer_epoch": self.signer_epoch(),
        }  # fmt: skip
        return fields | changes

    def signer_epoch(self) -> int:
        return int(self.stage.view("Signers", "signerEpoch", to=self.stage.at.signers))

    def change_keys(self, role: int, *names: str, threshold: int = 1) -> None:
        """Give a role to others, by the timelock."""
        members = sorted((account(name) for name in names), key=lambda at: int(at, 16))
        arguments = (role, members, threshold)
        self.stage.send(self.stage.at.timelock, "Signers", "set_signers", *arguments, to=self.stage.at.signers)

    def signatures(
        self, values: tuple[object, ...], signers: tuple[str, str], chain_id: int = CHAIN_ID, contract: str = ""
    ) -> list[bytes]:
        """By each role's signers: a name, or several with a blank between them."""
        signed = digest(DISTRIBUTOR, chain_id, contract or self.at, DISTRIBUTION, values)
        roles = (sorted(map(key, names.split()), key=lambda each: int(each.address, 16)) for names in signers)
        return [b"".join(each.sign_digest(signed) for each in role) for role in roles]

    def announce(self, event: bytes, **changes: Any) -> None:
        """Put a cash dividend, or another action, into the register."""
        fields = {"id": event, "kind": b"DVCA", "ratio_new": 0, "ratio_old": 0, "cash": 250_000}
        self.stage.announce(self.stage.action(**(fields | changes)))

    def create(
        self, *, signers: tuple[str, str] = (CA, ATTESTOR), domain: dict[str, Any] | None = None, sender: str = "payer",
        announced: bool = True, **changes: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """Sign and pay in; an event that the register does not know is announced before, unless not `announced`."""
        values = tuple(self.fields(**changes).values())
        event = bytes(values[0])
        if announced and self.stage.view("CorporateActions", "state_of", event) == 0:
            self.announce(event)
        return self.send("create", values, *self.signatures(values, signers, **(domain or {})), sender=sender)

    def send(self, function: str, *arguments: object, sender: str = "stranger") -> dict[str, Any]:
        return self.stage.send(sender, "Distributor", function, *arguments, to=self.at)

    def of(self, name: str) -> Payment:
        return next(each for each in self.tree.payments if each.account == account(name))

    def claim(self, payment: Payment) -> dict[str, Any]:
        return self.send("claim", self.id, payment.values())

    def push(self, *payments: Payment) -> dict[str, Any]:
        return self.send("push", self.id, [each.values() for each in payments])

    def finish(self) -> dict[str, Any]:
        return self.send("return_remainder", self.id)

    def standing(self) -> tuple[int, int, bool]:
        """Total, paid, returned."""
        _, _, total, paid, _, _, returned = self.stage.view("Distributor", "distributions", self.id, to=self.at)
        return total, paid, returned

    def is_paid(self, index: int) -> bool:
        return bool(self.stage.view("Distributor", "is_paid", self.id, index, to=self.at))
