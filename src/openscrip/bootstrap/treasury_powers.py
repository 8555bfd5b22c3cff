"""Who can move what lies in the treasuries on chain: the issuer's coins, and the venue's coins and tokens.

Read where it lies: on EVM chains the two keys of the treasury contract, whose code must be ours; on Solana the members of the
multisig that owns the accounts.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from eth_utils.address import to_checksum_address
from solders.pubkey import Pubkey

from openscrip.bootstrap.coin_parts import read_coins
from openscrip.bootstrap.platform import Platform
from openscrip.bootstrap.venue_wiring import EVM, SOLANA, VenueWiring
from openscrip.issuance.chains.evm.node import Node
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.solana.cluster import Cluster
from openscrip.issuance.chains.solana.token_program import TOKEN_2022
from openscrip.issuance.contracts.artifact import own
from openscrip.issuance.powers import Key, Power, PowerName, Seat
from openscrip.kernel.errors import Refused
from openscrip.runtime.keys import KeyKind, Keystore

WORD = 64
"""Hex digits of one immutable value, which the compiler puts behind a contract's code."""
IMMUTABLES_MAX = 8
MULTISIG_SPACE, MEMBERS_AT, MEMBERS_MAX = 355, 3, 11
"""A multisig of the token program: m, n, whether it is initialised, and its members."""


def treasury_powers(platform: Platform) -> Iterator[Power]:
    """One power for each treasury. Raises `Refused("powers.treasury")` where none is, and `Unavailable`."""
    coins = read_coins(platform.places)
    approvers = (each.approver if each.chain == SOLANA else to_checksum_address(each.approver) for each in coins)
    ours = _issuer_names(platform.keys) | dict.fromkeys(approvers, "watch approver")
    for chain, treasury in sorted({(each.chain, each.treasury) for each in coins}):
        yield _power(platform, chain, treasury, f"treasury on {chain}", ours)
    venue = VenueWiring.read(platform.places.data / "venue")
    if venue is not None:
        names = _venue_names(platform.keys.beside(platform.places.venue_keys), venue)
        for chain, found in venue.treasuries.items():
            yield _power(platform, chain, found.address, f"venue on {chain}", names)


def _power(platform: Platform, chain: str, treasury: str, place: str, names: Mapping[str, str]) -> Power:
    if chain == SOLANA:
        return Power(PowerName.MOVE_MONEY, place, (_members(platform.solana.cluster, treasury, names),), 0, "multisig")
    return Power(PowerName.MOVE_MONEY, place, _signers(platform.evm_nodes[chain], treasury, names), 0, "Treasury.pay")


def _signers(node: Node, treasury: str, names: Mapping[str, str]) -> tuple[Seat, ...]:
    """Both keys of the contract; none that holds where its code is another's."""
    code = str(node.rpc.call("eth_getCode", treasury, node.finality)).removeprefix("0x")
    if not code:
        raise Refused("powers.treasury", f"powers: {treasury} was no contract")
    known = own("Treasury").bytecode.hex()
    if not any(len(code) > WORD * count and code[: -WORD * count] in known for count in range(1, IMMUTABLES_MAX)):
        return ()
    found = [to_checksum_address(node.read(own("Treasury"), treasury, role)[0]) for role in ("treasurer", "approver")]
    return tuple(
        Seat(role, 1, (Key(address, names.get(address, "unknown key")),))
        for role, address in zip(("treasurer", "approver"), found, strict=True)
    )


def _members(cluster: Cluster, multisig: str, names: Mapping[str, str]) -> Seat:
    options = {"encoding": "base64", "commitment": "finalized"}
    found: Any = cluster.rpc.call("getAccountInfo", multisig, options)["value"]
    data = base64.b64decode(found["data"][0]) if found else b""
    if not found or str(found["owner"]) != str(TOKEN_2022) or len(data) != MULTISIG_SPACE or not data[2]:
        raise Refused("powers.treasury", f"powers: {multisig} was no multisig of the token program")
    needed, count = data[0], min(data[1], MEMBERS_MAX)
    members = [str(Pubkey(data[MEMBERS_AT + 32 * place : MEMBERS_AT + 32 * (place + 1)])) for place in range(count)]
    return Seat("treasury", needed, tuple(Key(each, names.get(each, "unknown key")) for each in members))


def _issuer_names(keys: Keystore) -> dict[str, str]:
    return _named(keys, {"treasury-evm": "treasury", "treasury-solana": "treasury"})


def _venue_names(keys: Keystore, venue: VenueWiring) -> dict[str, str]:
    approver = {to_checksum_address(venue.approver_keys[EVM]): "venue approver", venue.approver_keys[SOLANA]: "venue approver"}
    return _named(keys, {"treasurer-evm": "venue treasurer", "treasurer-solana": "venue treasurer"}) | approver


def _named(keys: Keystore, roles: Mapping[str, str]) -> dict[str, str]:
    """Public halves of the keys that lie in a folder; none is made."""
    found = {}
    for name, role in roles.items():
        kind = KeyKind.ED25519 if name.endswith("solana") else KeyKind.SECP256K1
        try:
            key = keys.load(name, kind)
        except Refused as refusal:
            if refusal.code != "key.missing":
                raise
            continue
        found[EvmAccount(key).address if kind is KeyKind.SECP256K1 else str(Pubkey(key.public_key))] = role
    return found
