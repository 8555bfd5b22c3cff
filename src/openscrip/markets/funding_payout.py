"""What a deposit that goes back and a withdrawal have in common: one payout, tried until it is made or can never be."""

from dataclasses import dataclass

from openscrip.issuance.actions import Rejected
from openscrip.issuance.coins import PayCoins, PayTokens, VoidPayout, attempt_of, was_paid
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import RawAmount
from openscrip.markets.funding import Holding, Nature, PayCash, Unsent
from openscrip.runtime.ledger import Phase, Transfer
from openscrip.runtime.store import Command

PayAction = PayCoins | PayTokens | PayCash


@dataclass(frozen=True, slots=True)
class Payment:
    """`amount` out of a holding to `to`, for the row `row_id` of a kind; `owed` is the account that it settles.

    `round` is 1, but for a deposit whose return a bank has refused for good: that id is spent.
    """

    kind: str
    row_id: str
    holding: Holding
    to: str
    amount: int
    owed: str
    round: int = 1

    @property
    def id(self) -> str:
        """What chain and bank know it by: made once for ever."""
        return f"{self.row_id}:pay{self.round}"

    def command(self, tries: int) -> Command:
        """The `tries`th attempt: another command, the same payment id."""
        return Command(attempt_of(self.id, tries), self.kind, self.row_id, self._action())

    def void(self, tries: int) -> Command:
        """See to it that it is never made."""
        action = VoidPayout(self.holding.place, self.holding.asset, self.id, self.row_id)
        return Command(attempt_of(f"{self.id}:void", tries), self.kind, self.row_id, action)

    def is_void(self, command: str) -> bool:
        """Whether a command is to end this payout."""
        return command.startswith(attempt_of(f"{self.id}:void", 0)[:-1])

    def is_attempt(self, command: str) -> bool:
        """Whether a command is an attempt at this payout."""
        return command.startswith(attempt_of(self.id, 0)[:-1])

    def was_made(self, event: Rejected | Unsent) -> bool:
        """The chain said no because it had paid before."""
        ours = self.is_attempt(event.command) or self.is_void(event.command)
        return ours and was_paid(Rejected(event.command, event.code, event.text))

    def held(self) -> Transfer:
        """Set aside what is being paid."""
        return Transfer(self.id, self.owed, self.holding.ledger, self.amount, self.row_id, Phase.PENDING)

    def sent(self) -> Transfer:
        """It is paid."""
        return Transfer(f"{self.id}:sent", self.owed, self.holding.ledger, self.amount, self.row_id, Phase.POST, self.id)

    def kept(self) -> Transfer:
        """It will never be paid."""
        return Transfer(f"{self.id}:kept", self.owed, self.holding.ledger, 0, self.row_id, Phase.VOID, self.id)

    def _action(self) -> PayAction:
        place, asset = self.holding.place, self.holding.asset
        match self.holding.nature:
            case Nature.COIN:
                return PayCoins(place, asset, self.id, self.to, Money(self.amount), self.row_id)
            case Nature.TOKEN:
                return PayTokens(place, asset, self.id, self.to, RawAmount.from_grains(self.amount), self.row_id)
            case Nature.CASH:
                return PayCash(self.id, asset, self.to, Money(self.amount), self.row_id)


def row_of(payment_id: str) -> str:
    """The row of a payment id; empty for what is no payment of the venue."""
    row_id, _, rest = payment_id.partition(":")
    return row_id if rest.startswith("pay") else ""
