"""What a decision about a network's redemption may know: beside the stock, what the issuer owns at the network."""

from dataclasses import dataclass

from openscrip.issuance.terms import View
from openscrip.kernel.quantities import Shares
from openscrip.runtime.ledger import Transfer


@dataclass(frozen=True, slots=True)
class NetworkView(View):
    """`network_float` are the issuer's own fractions of shares in the tokenisation account."""

    network_float: Shares = Shares(0)


def fraction_at_network(redemption_id: str, stock: str, fraction: Shares, view: View) -> tuple[Transfer, ...]:
    """Owe a participant a fraction of a share at the network, out of the issuer's own there; nothing where those are too few.

    In exchange the fraction in custody that the burned tokens stood on becomes the issuer's inventory.
    """
    if not fraction or not isinstance(view, NetworkView) or fraction > view.network_float:
        return ()
    key = f"{redemption_id}:fraction"
    return (
        Transfer(key, f"{stock}/redemption_claim", f"{stock}/inventory", fraction.atoms, redemption_id),
        Transfer(key + ":network", f"{stock}/network_float", f"{stock}/network_claim", fraction.atoms, redemption_id),
    )
