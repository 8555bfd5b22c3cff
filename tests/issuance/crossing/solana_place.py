"""Our program on the embedded Solana node, as a place that tokens cross to and from. Nothing there is ever undone."""

import base64
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from solders.keypair import Keypair
from solders.pubkey import Pubkey
from tests.issuance.crossing.places import HOLDERS, LIFE_S, Leaving, Place, Told
from tests.issuance.solana.conftest import DEPLOYER, deployments

from openscrip.issuance.chain import Attestor, Burned, Departed, Minted
from openscrip.issuance.chains.solana.adapter import SolanaChain
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.cosigned import compose, sign
from openscrip.issuance.chains.solana.founding import Listing, SolanaRoles, found_program
from openscrip.issuance.chains.solana.governance import SolanaTimelock
from openscrip.issuance.chains.solana.program_operations import lane as lane_operation
from openscrip.issuance.chains.solana.program_parts import Operation
from openscrip.issuance.chains.solana.token_program import associated_account
from openscrip.issuance.chains.solana.wallet import SolanaWallet
from openscrip.issuance.nodes.solana.genesis import ProgramAtGenesis
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.voucher import RedemptionKind, chain_hash
from openscrip.kernel.errors import Refused
from openscrip.kernel.quantities import RawAmount

_SLOTS = 40
"""So many later, a slot is final."""


class SolanaPlace(Place):
    """One issuer's program and token. Its timelock holds nothing back, so that a lane opens at once."""

    def __init__(self, folder: Path, elf: bytes, start_at: int, attestor_key: str, listing: Listing) -> None:
        self.name, self.halted, self.listing, self.attestor_key = "solana", False, listing, attestor_key
        self.program = next(deployments())
        programs = [ProgramAtGenesis(self.program.program_id, elf, DEPLOYER.pubkey())]
        self.node = SolanaNode(folder, start_at=start_at, programs=programs)
        self.node.start()
        self.cluster = Cluster(self.node.url)
        self.issuer, self.corporate_action, guardian = Keypair(), Keypair(), Keypair()
        self.holders = {name: Keypair() for name in HOLDERS}
        for key in (DEPLOYER, self.issuer, guardian, *self.holders.values()):
            self.node.fund(str(key.pubkey()), 100)
        public = self.issuer.pubkey(), Pubkey.from_string(attestor_key), self.corporate_action.pubkey(), guardian.pubkey()
        roles = SolanaRoles.single(*public)
        roles = SolanaRoles(roles.issuer, roles.attestor, roles.corporate_action, roles.guardian, delay_s=0)
        found_program(self.cluster, self.program, DEPLOYER, roles)
        self.cursor = ""

    def connect(self, attestor: Attestor) -> None:
        """The product's adapter on this chain, and the token, which the attestor co-signs."""
        keys = self.issuer, self.corporate_action, self.attestor_key
        self.chain = self.solana = SolanaChain(self.cluster, self.program, *keys, attestor)
        self.attestor = attestor
        self.token = self.solana.token_address(self.listing.symbol)

    def list_token(self) -> None:
        """Found the token; the watch knows its address by now."""
        self.solana.list_token(self.listing)

    def config(self, lanes: Sequence[str], hour_cap: RawAmount) -> dict[str, Any]:
        """This chain in the watch's configuration; its operator consents to lanes to these chains."""
        operations = [self._lane(each, hour_cap, LIFE_S).hash.hex() for each in lanes]
        return {
            "rpc": self.node.url, "program": str(self.program.program_id), "issuer_pubkey": str(self.issuer.pubkey()),
            "operations": operations,
        }  # fmt: skip

    def mint_address(self) -> str:
        """Where the token will stand, known before anything is connected."""
        keys = self.issuer, self.corporate_action, self.attestor_key
        nobody: Any = None
        return SolanaChain(self.cluster, self.program, *keys, nobody).token_address(self.listing.symbol)

    def wallet(self, holder: str) -> str:
        return str(self.holders[holder].pubkey())

    def open_lane(self, destination: str, hour_cap: RawAmount, life_s: int = LIFE_S) -> None:
        lock = SolanaTimelock(self.cluster, self.program, self.issuer, self.attestor_key, self.attestor)
        operation = self._lane(destination, hour_cap, life_s)
        lock.propose(operation)
        lock.execute(operation)

    def _lane(self, destination: str, hour_cap: RawAmount, life_s: int) -> Operation:
        there, mint = chain_hash(f"chain:{destination}"), Pubkey.from_string(self.mint_address())
        return lane_operation(
            self.program, salt=there[:8], mint=mint, destination=there, hour_cap=hour_cap.grains, life_s=life_s
        )

    def depart(self, leaving: Sequence[Leaving]) -> list[str]:
        lease, mint = self.cluster.lease(), Pubkey.from_string(self.token)
        words, sent = ["amount was finer than 1e-8 or too large"] * len(leaving), dict[int, str]()
        calls: list[tuple[str, list[Any]]] = []
        for place, each in enumerate(leaving):
            key = self.holders[each.holder]
            me = key.pubkey()
            try:
                step = self.program.depart(
                    payer=me, mint=mint, holder=me, source=associated_account(me, mint), raw=each.raw.grains,
                    request=chain_hash(each.request), destination=bytes.fromhex(each.destination),
                    receiver=bytes.fromhex(each.word),
                )  # fmt: skip
            except (Refused, OverflowError):
                continue
            envelope = sign(compose(me, [step], lease), key)
            raw = base64.b64encode(bytes(envelope.transaction)).decode()
            calls.append(("sendTransaction", [raw, {"encoding": "base64", "skipPreflight": True}]))
            sent[place] = envelope.tx_id
        for answer in self.cluster.rpc.batch(calls):
            assert not isinstance(answer, Exception), answer
        self.bury()
        _, statuses = self.cluster.landings(list(sent.values()))
        for place, status in zip(sent, statuses, strict=True):
            assert status is not None, "a departure was lost"
            words[place] = "" if status["err"] is None else f"refused with {status['err']}"
        return words

    def escrow(self, holder: str, raw: RawAmount, request_id: str) -> None:
        SolanaWallet(self.cluster, self.program, self.holders[holder]).redeem(self.token, request_id, raw, RedemptionKind.CASH)

    def balance(self, holder: str) -> int:
        return self.chain.balance(self.token, self.wallet(holder)).atoms

    def supply(self) -> int:
        return int(self.cluster.rpc.call("getTokenSupply", self.token)["value"]["amount"]) * 10**10

    def bury(self) -> None:
        self.cluster.rpc.call("openscrip_skipSlots", _SLOTS)

    def reorganise(self, random: Random) -> int:
        """What landed stays: the embedded cluster has one voter."""
        return 0

    def replay(self, random: Random, count: int) -> list[str]:
        """The same mint instructions under fresh blockhashes, signed anew by nobody but whoever signed before: refused."""
        return []

    def set_time(self, now: int) -> None:
        self.node.set_time(now)
        self.bury()

    def record(self) -> list[Told]:
        events, self.cursor = self.chain.events(self.cursor)
        told = []
        for event in events:
            match event:
                case Minted():
                    told.append(Told("Minted", event.hash, event.raw.atoms, event.tx_id))
                case Departed():
                    told.append(Told("Departed", event.key, event.raw.atoms, event.tx_id))
                case Burned():
                    told.append(Told("RedemptionBurned", event.hash, event.raw.atoms, event.tx_id))
                case _:
                    pass
        return told

    def close(self) -> None:
        self.cluster.close()
        self.node.stop()
