"""What landed transactions did to a token of ours: the program's own instructions, outer and inner ones alike.

The program refuses what breaks a rule and a refused transaction has no effect, so an instruction of it in a transaction
that succeeded is the fact. Who sent the transaction does not matter: a relayer may carry a holder's escrow. A redemption's
terms stand in its account, which the program never closes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from solders.pubkey import Pubkey

from openscrip.issuance.chain import AnyChainEvent, Burned, Departed, Minted, RedemptionEscrowed, Refunded
from openscrip.issuance.chains.solana.cluster import Cluster, Mention
from openscrip.issuance.chains.solana.landed import LandedTransaction, Step
from openscrip.issuance.chains.solana.program_accounts import RedemptionAccount
from openscrip.issuance.chains.solana.program_parts import ProgramAddresses, Tag
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.errors import Unavailable
from openscrip.kernel.quantities import RawAmount

REDEMPTION_PLACE = {Tag.DEPART: 6, Tag.BURN: 4, Tag.REFUND: 4}
"""Where these instructions name the redemption's account, whose terms are read."""
MINT_PLACE = {Tag.MINT: 3, Tag.ESCROW: 2, Tag.DEPART: 2, Tag.BURN: 2, Tag.REFUND: 2}
"""Where each instruction that moves tokens names the mint."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One of our program's instructions that moved tokens, and the transaction in which it landed."""

    tag: Tag
    step: Step
    mention: Mention
    landed: LandedTransaction

    @property
    def redemption(self) -> Pubkey | None:
        """The account whose terms say what was moved, where the instruction itself does not."""
        place = REDEMPTION_PLACE.get(self.tag)
        return None if place is None else self.step.accounts[place]


def moved_by(program: Pubkey, mint: Pubkey, mention: Mention, landed: LandedTransaction) -> Iterator[Moved]:
    """Every instruction of `program` that moved tokens of `mint`, in the order in which they ran."""
    for step in landed.steps:
        tag = Tag(step.data[0]) if step.program == program and step.data and step.data[0] in list(Tag) else None
        place = MINT_PLACE.get(tag) if tag is not None else None
        if tag is not None and place is not None and len(step.accounts) > place and step.accounts[place] == mint:
            yield Moved(tag, step, mention, landed)


def read_redemptions(cluster: Cluster, moved: Sequence[Moved]) -> dict[Pubkey, RedemptionAccount]:
    """The redemptions that these instructions name. Raises `Unavailable` when the node does not have one."""
    wanted = list(dict.fromkeys(address for each in moved if (address := each.redemption) is not None))
    found = dict(zip(wanted, cluster.accounts(wanted), strict=True)) if wanted else {}
    missing = [str(address) for address, data in found.items() if data is None]
    if missing:
        raise Unavailable(f"solana: the node did not have redemption {missing[0]} yet")
    return {address: RedemptionAccount.read(data) for address, data in found.items() if data is not None}


def event_of(chain: str, mint: Pubkey, moved: Moved, redemptions: Mapping[Pubkey, RedemptionAccount]) -> AnyChainEvent:
    """The event of one instruction."""
    mention, data, accounts = moved.mention, moved.step.data, moved.step.accounts
    place = (chain, str(mint), mention.signature, mention.slot, mention.at)
    if moved.tag is Tag.MINT:
        owner = moved.landed.owners.get(accounts[4])
        return Minted(*place, data[10:42].hex(), str(owner) if owner else "", _raw(data, 2))
    if moved.tag is Tag.ESCROW:
        return RedemptionEscrowed(*place, data[10:42].hex(), str(accounts[3]), _raw(data, 2), RedemptionKind(data[1]))
    address = accounts[REDEMPTION_PLACE[moved.tag]]
    terms = redemptions[address]
    request, holder, raw = terms.request.hex(), str(terms.holder), RawAmount.from_grains(terms.raw)
    if moved.tag is Tag.BURN:
        return Burned(*place, request, raw)
    if moved.tag is Tag.REFUND:
        return Refunded(*place, request, holder, raw)
    destination, receiver = terms.destination.hex(), terms.receiver.hex()
    return Departed(*place, request, holder, raw, destination, receiver, terms.arrive_by, str(address))


def events_of(
    chain: str, program: ProgramAddresses, cluster: Cluster, pages: Mapping[Pubkey, Sequence[Mention]]
) -> list[AnyChainEvent]:
    """The events in these transactions, by mint; those that failed have none."""
    moved: list[tuple[Pubkey, Moved]] = []
    for mint, page in pages.items():
        ours = [mention for mention in page if not mention.failed]
        landed = cluster.transactions([mention.signature for mention in ours])
        for mention, transaction in zip(ours, landed, strict=True):
            moved += [(mint, each) for each in moved_by(program.program_id, mint, mention, transaction)]
    redemptions = read_redemptions(cluster, [each for _, each in moved])
    found = [event_of(chain, mint, each, redemptions) for mint, each in moved]
    found.sort(key=lambda event: event.block)
    return found


def _raw(data: bytes, at: int) -> RawAmount:
    return RawAmount.from_grains(int.from_bytes(data[at : at + 8], "little"))
