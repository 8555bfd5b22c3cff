"""Taking a client on: the person as the onboarding file describes them, and the wallets that they have signed for."""

from collections.abc import Mapping

from openscrip.assets.compliance.ownership import signed_by_owner
from openscrip.assets.compliance.persons import Person, Wallet
from openscrip.issuance.clients import Client, ClientWallet, wallet_id
from openscrip.kernel.errors import Conflict, refuse_unless
from openscrip.runtime.store import Unit, View


def refuse_unsigned(person: str, wallets: Mapping[str, tuple[str, str]]) -> None:
    """Raise `Refused("wallet.signature")` unless the owner of each wallet signed; by chain: address and signature."""
    for chain, (address, signature) in wallets.items():
        refuse_unless(
            signed_by_owner(person, chain, address, signature),
            "wallet.signature",
            f"wallet: {address!r:.80} on {chain} was not signed for by its own key",
        )


def take_on(unit: Unit, person: Person, wallets: Mapping[str, str], now: int) -> Client:
    """Enter a client and attested wallets (address by chain), once; later wallets are added.

    Raises `Conflict("client.conflict")` for the same id with other particulars, and
    `Refused("compliance.wallet_of_another")` for a wallet that somebody else signed for.
    """
    client = unit.row(Client, person.id)
    if client is None:
        client = Client(person.id, person, now)
        unit.put(client)
    elif client.person != person:
        raise Conflict("client.conflict", f"client: {person.id} was taken on with other particulars")
    for chain, address in wallets.items():
        known = unit.row(ClientWallet, wallet_id(chain, address))
        refuse_unless(
            known is None or known.wallet.person_id == person.id,
            "compliance.wallet_of_another",
            f"wallet: {address:.80} on {chain} belonged to somebody else",
        )
        if known is None:
            unit.put(ClientWallet(wallet_id(chain, address), Wallet(chain, address, person.id, True)))
    return client


def wallets_of(view: View, person: str) -> dict[str, str]:
    """The attested address of a client on each chain; the newest where there are several."""
    rows = view.rows(ClientWallet)
    return {row.wallet.chain: row.wallet.address for row in rows if row.wallet.person_id == person}
