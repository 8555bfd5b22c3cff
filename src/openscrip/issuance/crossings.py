"""The shell around `bridge`: hears departures, finds where each leads, and says what the office sees of them."""

from collections.abc import Callable, Mapping

from openscrip.assets.stock import Stock
from openscrip.issuance.bridge import HOLDER_RULE, RECEIVER_RULE
from openscrip.issuance.bridge_row import Crossing, Heard, Released, crossing_of, destination_hash
from openscrip.issuance.chain import Chain, Departed
from openscrip.kernel.errors import Malformed, Refused, refuse_unless
from openscrip.runtime.decision import Books
from openscrip.runtime.store import Unit

Screen = Callable[[str, str], None]
"""(chain, wallet): raises `Refused` with the rule that forbids tokens to come from or reach this wallet."""


class Crossings:
    """Starts a row for each departure. `chains` are all that this platform serves, by name."""

    def __init__(self, books: Books, chains: Mapping[str, Chain], screen: Screen) -> None:
        self._books = books
        self._chains = chains
        self._screen = screen
        self._names: dict[str, str] = {}

    def departed(self, unit: Unit, event: Departed, stock: Stock) -> None:
        """Tell one departure; the second time nothing happens."""
        row = crossing_of(event, stock.id)
        if unit.row(Crossing, row.id) is None:
            unit.put(row)
        self._books.tell(unit, Crossing, row.id, self._heard(event, stock))

    def release(self, unit: Unit, row_id: str, reason: str) -> Crossing:
        """Let a held crossing go on, on a person's word. Raises `Refused("crossing.unknown")` and `crossing.not_held`."""
        row = self._row(unit, row_id)
        refuse_unless(row.state == "held", "crossing.not_held", f"crossing: {row_id:.100} was {row.state}, not held")
        self._books.tell(unit, Crossing, row_id, Released(reason))
        return self._row(unit, row_id)

    def route(self, stock: Stock, source: str, destination: str, holder: str, receiver: str) -> str:
        """The receiver as a departure must name it, 32 bytes in hex, for a way that would be taken now.

        Raises what the crossing would be held or refused for.
        """
        refuse_unless(source != destination, "crossing.destination", f"crossing: {source} was source and destination")
        chain = self._chain(destination)
        try:
            word = chain.word_of(receiver)
        except Malformed as wrong:
            raise Malformed("crossing.receiver", f"crossing: {wrong.text}; name a wallet of {destination}") from wrong
        self._token(stock, destination)
        self._screened(HOLDER_RULE, source, holder)
        self._screened(RECEIVER_RULE, destination, receiver)
        return word

    def _row(self, unit: Unit, row_id: str) -> Crossing:
        row = unit.row(Crossing, row_id)
        if row is None:
            raise Refused("crossing.unknown", f"crossing: {row_id!r:.100} was none; `openscrip crossings` lists them")
        return row

    def _heard(self, event: Departed, stock: Stock) -> Heard:
        """Where it leads. Raises `Unavailable` where a chain does not say its name yet."""
        name, token, receiver = self._name(event.destination), "", event.receiver
        try:
            self._screened(HOLDER_RULE, event.chain, event.holder)
            chain = self._chain(name or event.destination)
            try:
                receiver = chain.wallet_of(event.receiver)
            except Malformed as wrong:
                raise Refused("crossing.receiver", f"crossing: {wrong.text}") from wrong
            token = self._token(stock, name)
            self._screened(RECEIVER_RULE, name, receiver)
            refuse_unless(name != event.chain, "crossing.destination", f"crossing: it left {name} for itself")
        except Refused as refusal:
            return Heard(name or event.destination, token, receiver, refusal.code, refusal.text)
        return Heard(name, token, receiver)

    def _name(self, destination: str) -> str:
        """The chain behind a destination, empty if it is none of ours."""
        if len(self._names) < len(self._chains):
            self._names = {destination_hash(chain.caip2()): name for name, chain in self._chains.items()}
        return self._names.get(destination, "")

    def _chain(self, name: str) -> Chain:
        chain = self._chains.get(name)
        if chain is None:
            known = ", ".join(sorted(self._chains))
            raise Refused("crossing.destination", f"crossing: destination {name:.70} was unknown; known are {known}")
        return chain

    @staticmethod
    def _token(stock: Stock, chain: str) -> str:
        found = dict(stock.tokens).get(chain, "")
        refuse_unless(bool(found), "crossing.unlisted", f"crossing: {stock.id} was not listed on {chain}; list it there first")
        return found

    def _screened(self, rule: str, chain: str, wallet: str) -> None:
        try:
            self._screen(chain, wallet)
        except Refused as refusal:
            raise Refused(rule, f"crossing: {refusal.text} [{refusal.code}]") from refusal
