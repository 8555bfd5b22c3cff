"""`openscrip powers`: every power on every chain, at the custodian and over treasuries, beside the names of our keys.

Each is read where it lies.
Keys are named by comparing addresses with the public halves in the key folder and those that the watch tells; any other
is an unknown key.
The paper custodian does not tell whose signatures it wants, so there the keys are those that it is started with: the
treasury's of the platform and the approver's of the watch.
"""

from collections.abc import Callable, Mapping

from eth_utils.address import to_checksum_address
from solders.pubkey import Pubkey

from openscrip.assets.custodians.two_keys import public_key_bytes
from openscrip.assets.paper_client import PaperConnection
from openscrip.bootstrap.npm import node_modules
from openscrip.bootstrap.platform import Platform
from openscrip.bootstrap.treasury_powers import treasury_powers
from openscrip.issuance.chains.evm.powers import read_evm_powers
from openscrip.issuance.chains.evm.signing import EvmAccount
from openscrip.issuance.chains.solana.powers import read_solana_powers
from openscrip.issuance.powers import Key, Power, PowerName, Seat
from openscrip.kernel.errors import Refused
from openscrip.runtime.keys import KeyKind, Keystore, LocalKey

EVM_ROLES = ("issuer", "corporate-action", "guardian", "lister", "timelock-executor")
SOLANA_ROLES = ("issuer", "corporate-action", "guardian")
CUSTODIAN = "custodian"


def read_powers(platform: Platform) -> list[Power]:
    """Who holds which power now.

    Raises `Unavailable` when a chain or the watch does not answer, and `Refused` when a contract, a mint or the treasury's
    key is not where it should be: where not all can be read, nothing is said.
    """
    told = _watch_keys(platform.wiring.watch)
    contracts = platform.wiring.contracts
    mints = [stock.token("solana") for stock in platform.stocks()]
    return [
        *read_evm_powers(platform.evm_node, contracts, node_modules(), _evm_names(platform.keys, told["evm"])),
        *read_solana_powers(platform.solana.cluster, platform.solana.program, mints, _solana_names(platform)),
        *_custodian_powers(platform.keys, told["approver"]),
        *treasury_powers(platform),
    ]


def _evm_names(keys: Keystore, attestor: str) -> dict[str, str]:
    held = {role: _public(keys, role, KeyKind.SECP256K1, lambda key: EvmAccount(key).address) for role in EVM_ROLES}
    return _by_address(held | {"attestor": to_checksum_address(attestor)})


def _by_address(held: Mapping[str, str]) -> dict[str, str]:
    """The role, or roles, of each address."""
    names: dict[str, str] = {}
    for role, account in held.items():
        if account:
            names[account] = f"{names[account]}/{role}" if account in names else role
    return names


def _solana_names(platform: Platform) -> dict[str, str]:
    held = {
        role: _public(platform.keys, f"{role}-solana", KeyKind.ED25519, lambda key: str(Pubkey(key.public_key)))
        for role in SOLANA_ROLES
    }
    return _by_address(held | {"attestor": platform.wiring.watch_solana_key})


def _custodian_powers(keys: Keystore, approver: str) -> list[Power]:
    treasury = keys.load("treasury", KeyKind.ED25519).public_key.hex()
    seats = tuple(
        Seat(role, 1, (Key(key, role),))
        for role, key in (("treasury", treasury), ("approver", public_key_bytes(approver).hex()))
    )
    return [
        Power(PowerName.MOVE_SHARES, CUSTODIAN, seats, 0, "deliver_free, as the custodian is started"),
        Power(PowerName.MOVE_MONEY, CUSTODIAN, seats, 0, "payments, as the custodian is started"),
    ]


def _public(keys: Keystore, name: str, kind: KeyKind, public: Callable[[LocalKey], str]) -> str:
    """A key's public half; empty where the key is kept elsewhere. Makes none."""
    try:
        return public(keys.load(name, kind))
    except Refused as refusal:
        if refusal.code != "key.missing":
            raise
        return ""


def _watch_keys(url: str) -> dict[str, str]:
    """The watch's public keys as the watch tells them."""
    watch = PaperConnection("watch", url)
    try:
        return dict(watch.get("/v1/health")["keys"])
    finally:
        watch.close()
