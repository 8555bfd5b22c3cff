"""Compliance as it is wired: the rows it keeps, its vault, its rules, and the lists in force."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from openscrip.assets.compliance.counterpart import TravelCounterpart
from openscrip.assets.compliance.counterparts.http import HttpCounterpart
from openscrip.assets.compliance.identities.paper import PaperIdentity
from openscrip.assets.compliance.identities.persona import Persona
from openscrip.assets.compliance.identities.sumsub import Sumsub
from openscrip.assets.compliance.identity import IdentityProvider
from openscrip.assets.compliance.ivms101 import Casing
from openscrip.assets.compliance.ownership import ContractCall
from openscrip.assets.compliance.rules import rules_at, shipped_profiles
from openscrip.assets.compliance.sanctions import SanctionsLists, demonstration_lists
from openscrip.assets.compliance.screening import Policy
from openscrip.assets.compliance.vault import kept_vault
from openscrip.issuance.cases import Case, CaseClosed, CaseOpened, Hold
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.clients import (
    Challenge,
    Clearance,
    Client,
    ClientStanding,
    ClientWallet,
    Conduct,
    DecisionRecord,
    Evidence,
    Owners,
)
from openscrip.issuance.compliance import Compliance
from openscrip.issuance.compliance_room import ComplianceRoom, ParticularsRevealed
from openscrip.issuance.identity_inbox import Examination, IdentityChanged, IdentityInbox, Notification, NotificationDead
from openscrip.issuance.joining import Joining
from openscrip.issuance.list_keeping import ListChanged, ListInForce, ListKeeper, ListStopped, ListVersion
from openscrip.issuance.rescreening import Rescreened, Rescreener, Rescreening
from openscrip.issuance.travel_rule import TravelAnswered, TravelExchange, TravelRule
from openscrip.kernel.clock import LiveClock
from openscrip.kernel.errors import Refused
from openscrip.runtime.keys import Keystore, passphrase_from
from openscrip.runtime.settings import Compliance as ComplianceSettings
from openscrip.runtime.settings import Settings
from openscrip.runtime.store import Store

CONTRACT_GAS = 300_000
"""What a contract wallet may use to check a signature."""
COMPLIANCE_ROWS: tuple[type[Any], ...] = (
    Client, ClientStanding, DecisionRecord, ClientWallet, Challenge, Evidence, Owners, Clearance, Conduct,
    Case, Hold, CaseOpened, CaseClosed, ListVersion, ListInForce, ListChanged, ListStopped, Rescreening, Rescreened,
    Notification, Examination, IdentityChanged, NotificationDead, TravelExchange, TravelAnswered, ParticularsRevealed,
    Joining,
)  # fmt: skip
"""Every row and fact of compliance that the store keeps."""


def build_compliance(
    settings: Settings, store: Store, now: Callable[[], int], lists: SanctionsLists | None = None
) -> ComplianceRoom:
    """Compliance by the settings; `lists` are those of a test."""
    policy, vault, chosen = policy_of(settings), kept_vault(vault_keys(settings.data)), settings.compliance
    folder = settings.data / "lists"
    publishers = [each.strip() for each in chosen.publishers.split(",") if each.strip()]
    keeper = None if lists is not None or not publishers else ListKeeper(store, folder, publishers, policy.book, now)
    if keeper is not None:
        keeper.refresh()
    fixed = lists or demonstration_lists()
    if keeper is not None:
        compliance = Compliance(policy, keeper.lists, vault, now, keeper.refresh_from)
    else:
        compliance = Compliance(policy, lambda: fixed, vault, now)
    rescreener = Rescreener(store, compliance, keeper.refresh if keeper else lambda: None)
    secrets = {"persona": _lines(chosen.persona_secrets_file), "sumsub": _lines(chosen.sumsub_secrets_file)}
    providers, paper = _providers(chosen), PaperIdentity(settings.data / "identity")
    if plays_identity(chosen) and paper.is_open:
        providers["persona"], secrets["persona"] = paper, (paper.secret,)
    inbox = IdentityInbox(store, compliance, providers, secrets, now)
    counterparts: dict[str, TravelCounterpart] = {}
    if chosen.travel_url:
        counterparts["network"] = HttpCounterpart(chosen.travel_url, Casing(chosen.travel_casing))
    travel = TravelRule(store, compliance, counterparts, now)
    return ComplianceRoom(compliance, rescreener, keeper, inbox, travel, folder / "incoming")


def plays_identity(chosen: ComplianceSettings) -> bool:
    """Whether no identity provider is set up, so that a paper run plays one."""
    named = (chosen.persona_url, chosen.persona_secrets_file, chosen.sumsub_url, chosen.sumsub_secrets_file)
    return not any(named)


def vault_keys(data: Path) -> Keystore:
    """The keys of personal data, in a folder of their own: they seal and sign nothing, so no signer process holds them."""
    return Keystore(data / "vault", passphrase_from(os.environ))


def contract_calls(nodes: Mapping[str, Node]) -> dict[str, ContractCall]:
    """Reads of contract wallets (EIP-1271) on each EVM chain, at its newest final block."""

    def call_on(node: Node) -> ContractCall:
        def call(address: str, data: bytes) -> bytes:
            asked = {"to": address, "data": "0x" + data.hex(), "gas": hex(CONTRACT_GAS)}
            answer = node.rpc.batch([("eth_call", [asked, node.finality])])[0]
            return bytes.fromhex(answer[2:]) if isinstance(answer, str) else b""

        return call

    return {name: call_on(node) for name, node in nodes.items()}


def _providers(chosen: ComplianceSettings) -> dict[str, IdentityProvider]:
    found: dict[str, IdentityProvider] = {}
    if chosen.persona_url:
        found["persona"] = Persona(chosen.persona_url, _one_line(chosen.persona_key_file))
    if chosen.sumsub_url:
        token, _, secret = _one_line(chosen.sumsub_key_file).partition(" ")
        found["sumsub"] = Sumsub(chosen.sumsub_url, token, secret.encode(), LiveClock().now)
    return found


def _lines(path: str) -> tuple[bytes, ...]:
    """The secrets of a file, one a line; none where no file is set. Raises `Refused("compliance.secrets")`."""
    if not path:
        return ()
    try:
        found = tuple(line.strip() for line in Path(path).read_bytes().splitlines() if line.strip())
    except OSError as error:
        raise Refused("compliance.secrets", f"compliance: {path} could not be read: {error.strerror}") from error
    if not found:
        raise Refused("compliance.secrets", f"compliance: {path} held no secret")
    return found


def _one_line(path: str) -> str:
    lines = _lines(path)
    return lines[0].decode("utf-8", "replace") if lines else ""


def policy_of(settings: Settings) -> Policy:
    """The rules, the regime and the limits as set. Raises `Malformed("rules.file")`."""
    limits, chosen = settings.limits, settings.compliance
    profile = shipped_profiles()[chosen.profile]
    return Policy(rules_at(chosen.rules_file), profile, limits.order_usd_max, limits.daily_usd_max)
