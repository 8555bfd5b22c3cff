"""Where an order stands, in plain words: who holds the thing now, what is certain, who does what next."""

from dataclasses import dataclass

from openscrip.assets.acquisition_row import Acquisition
from openscrip.assets.disposal import Disposal
from openscrip.issuance.cancelling import RULE as CANCELLED
from openscrip.issuance.redemption_row import Redemption
from openscrip.issuance.subscription_row import Subscription
from openscrip.issuance.voucher import RedemptionKind
from openscrip.kernel.clock import new_york_words
from openscrip.kernel.money import Money
from openscrip.kernel.quantities import Shares

SUBSCRIPTION_STEPS = ("Asked", "Paid", "Buying", "In custody", "Minting", "Yours")
REDEMPTION_STEPS = ("Received", "Checked", "Burned", "Sent", "Done")
ENDS = ("COMPLETED", "REJECTED", "EXPIRED", "CANCELLED", "REFUSED", "RETURNED")


@dataclass(frozen=True, slots=True)
class Said:
    """A state for people: `code` for machines, `step` how many steps of the six are done, `next` who does what."""

    code: str
    step: int
    label: str
    sentence: str
    next: str


def said_of_subscription(row: Subscription, order: Acquisition | None) -> Said:
    """A subscription's state. `order` is its purchase at the broker, if there is one."""
    match row.state:
        case "refused":
            return _not_accepted(row)
        case "held":
            return Said(
                "HELD", _furthest(row), "On hold",
                "A person is checking this order. Your money or shares stay where they are, in your name.",
                "A person of the issuer looks at it, usually within one business day.",
            )  # fmt: skip
        case "awaiting_payment":
            return _unpaid(row)
        case "completed":
            return Said(
                "COMPLETED", 6, "Done",
                f"All finished. {_minted_text(row)} Money that was not needed has been sent back.",
                "Nothing more happens with this order.",
            )  # fmt: skip
        case "refunding" | "refund_waits" if not any(parcel.state == "minted" for parcel in row.parcels):
            sentence = f"{_why_without_tokens(row)} {_usd(row.returning or row.paid)} is on its way back to you."
            return Said(
                "REFUNDING", 1, "Your money is on its way back", sentence, "The bank or the chain confirms the payment."
            )
        case "refunding" | "refund_waits":
            sentence = f"{_minted_text(row)} What was not needed of your money is on its way back."
            return Said("MINTED", 6, "Tokens in your wallet", sentence, "The bank or the chain confirms the refund.")
        case _:
            return _under_way(row, order)


def _why_without_tokens(row: Subscription) -> str:
    if row.rule == CANCELLED:
        return "You cancelled this order. Nothing was bought."
    if row.rule == "payment.expired":
        return f"The payment was not complete by {new_york_words(row.expires_at)}, so the quote ended."
    return f"This order ended without tokens: {_plain(row.reason)}."


def _not_accepted(row: Subscription) -> Said:
    back = "Your money was sent back." if row.paid else "Nothing was charged."
    if row.rule == CANCELLED:
        still = "If a payment is still on its way, it goes back to where it comes from."
        return Said("CANCELLED", 0, "Cancelled", f"{_why_without_tokens(row)} {back}", still)
    if row.rule == "payment.expired":
        still = "If you did pay, the money goes back to where it came from."
        return Said("EXPIRED", 0, "Expired", f"{_why_without_tokens(row)} {back}", still)
    sentence = f"We could not accept this order: {_plain(row.reason)}. Nothing was bought. {back}"
    return Said("REJECTED", 0, "Not accepted", sentence, "Ask again once the reason is gone.")


def _unpaid(row: Subscription) -> Said:
    within = f" Pay by {new_york_words(row.expires_at)} to keep the quoted price." if row.expires_at else ""
    if row.paid:
        missing = Money(row.deposit.atoms - row.paid.atoms)
        sentence = f"We see {_usd(row.paid)} of {_usd(row.deposit)}; {_usd(missing)} is missing.{within}"
        return Said("FUNDS_PENDING", 1, "Payment seen", sentence, "You pay the rest.")
    sentence = f"We have your order and checked that you may place it. Nothing has been charged.{within}"
    return Said("REQUESTED", 1, "Order received", sentence, f"You pay {_usd(row.deposit)}.")


def _under_way(row: Subscription, order: Acquisition | None) -> Said:
    states = {parcel.state for parcel in row.parcels}
    waiting = Shares(sum(parcel.shares.atoms for parcel in row.parcels if parcel.state in ("in_custody", "minting")))
    if "minting" in states:
        sentence = f"The transaction for {waiting} shares was sent to {row.chain}. We wait until it is final."
        return Said("MINT_SUBMITTED", 5, "On its way", sentence, "The chain makes it final, usually within minutes.")
    if "in_custody" in states:
        sentence = f"{waiting} shares are in the account kept apart for token holders. They count as backing."
        why = f" It waits: {_plain(row.reason)}." if row.reason else ""
        return Said("IN_CUSTODY", 4, "In custody", sentence + why, "The issuer and the attestor sign your tokens.")
    if "moving" in states:
        return Said(
            "SETTLED", 3, "Delivered to the broker",
            "The shares have been delivered and paid. They now move to the custody account that backs the tokens.",
            "The custodian confirms them, usually on the next business day.",
        )  # fmt: skip
    if order is None:
        sentence = f"Your {_usd(row.paid)} has arrived and is set aside for this order."
        return Said("FUNDED", 2, "Payment complete", sentence, "The issuer sends the order to the broker.")
    return _buying(row, order)


def _buying(row: Subscription, order: Acquisition) -> Said:
    limit = f" The most you can pay is {_usd_text(str(row.limit))} per share." if row.limit else ""
    opens = "An order that comes while the market is closed keeps its place until it opens."
    if order.settled:
        sentence = "The shares have been delivered and paid. They now move to the custody account that backs the tokens."
        return Said("SETTLED", 3, "Delivered to the broker", sentence, "The custodian confirms them.")
    if order.filled >= order.shares:
        sentence = f"{order.filled} shares are bought. They are not yet in our hands: the market delivers them in one day."
        return Said("EXECUTED", 3, "Bought", sentence, "The market delivers on the next settlement day.")
    if order.filled:
        cost = sum(fill.cost.atoms for fill in order.fills)
        average = Money(cost * 10**9 // order.filled.atoms)
        sentence = f"{order.filled} of {order.shares} shares are bought at about {_usd(average)} per share, fees included."
        return Said("PART_EXECUTED", 2, "Partly bought", f"{sentence} The rest is still being bought.", opens)
    if order.state == "ordering":
        sentence = f"We are about to send the order to buy {order.shares} shares to the broker."
        return Said("ORDER_INTENDED", 2, "Preparing to buy", sentence, opens)
    return Said("ORDER_WORKING", 2, "Buying", f"The broker is buying your shares.{limit}", opens)


def _furthest(row: Subscription) -> int:
    states = {parcel.state for parcel in row.parcels}
    return 5 if "minted" in states else 4 if states & {"in_custody", "minting", "held"} else 2 if row.paid else 1


def _minted_text(row: Subscription) -> str:
    raw = [parcel.raw for parcel in row.parcels if parcel.state == "minted"]
    shares = Shares(sum(parcel.shares.atoms for parcel in row.parcels if parcel.state == "minted"))
    tokens = type(raw[0])(sum(each.atoms for each in raw)) if raw else 0
    return f"{tokens} tokens ({shares} shares) are in {row.wallet}."


def said_of_redemption(row: Redemption, sale: Disposal | None) -> Said:
    """A redemption's state. `sale` is the sale of its shares at the broker, if there is one."""
    in_kind = row.kind is RedemptionKind.IN_KIND
    match row.state:
        case "refused" if row.rule == CANCELLED:
            sentence = "You cancelled this request before your tokens came. Nothing was burned."
            still = f"If tokens are still on their way, they go back to {row.wallet}."
            return Said("CANCELLED", 0, "Cancelled", sentence, still)
        case "refused":
            sentence = f"We could not redeem: {_plain(row.reason)}. Nothing was burned; your tokens are yours."
            return Said("REFUSED", 0, "Not possible", sentence, "Ask again once the reason is gone.")
        case "held":
            return Said(
                "HELD", 2, "On hold", "A person is checking this redemption. What is yours stays yours.",
                "A person of the issuer looks at it, usually within one business day.",
            )  # fmt: skip
        case "requested":
            sentence = f"We have your request; your place in line is {row.place}. Send {row.raw} tokens from {row.wallet}."
            return Said("REQUESTED", 0, "Request received", sentence, "You send the tokens.")
        case "escrowed":
            why = f" It waits: {_plain(row.reason)}." if row.reason else ""
            sentence = f"Your {row.escrowed} tokens have arrived. Your place in line is {row.place}.{why}"
            return Said("DETECTED", 1, "Tokens received", sentence, "The issuer checks and burns them when the stock is open.")
        case "burning":
            sentence = f"Your tokens stand for {row.claim} shares. They are being destroyed on {row.chain}."
            return Said("BURN_SUBMITTED", 2, "Destroying the tokens", sentence, "The chain makes it final.")
        case "burned":
            sentence = "The tokens are gone and the shares behind them are locked for you."
            return Said("BURNED", 3, f"We owe you {row.claim} shares", sentence, "The issuer releases the shares.")
        case "delivering":
            sentence = f"{row.leaving} shares are on their way to {row.deliver_to}."
            return Said("DELIVERING", 4, "Shares on their way", sentence, "The receiving broker confirms them.")
        case "selling":
            sold = f" {sale.sold} of {sale.shares} shares are sold." if sale and sale.sold else ""
            return Said("SELLING", 3, "Selling", f"The sale is in the market.{sold}", "The market settles in one day.")
        case "paying" | "paying_refund":
            return Said("PAYING", 4, "Paying", f"{_usd(row.owed)} is on its way to you.", "The bank or the chain confirms it.")
        case "completed":
            what = f"{row.delivered} shares were delivered" if in_kind else f"{_usd(row.owed)} was paid"
            return Said("COMPLETED", 5, "Done", f"All finished: {what}.", "Receipt and tax paper are under Documents.")
        case "owed_back" | "restituting":
            sentence = "The delivery did not work. Your claim stands, and your tokens are being made again."
            return Said("DELIVERY_FAILED", 3, "Delivery did not work", sentence, "The issuer mints them back to your wallet.")
        case _:
            return _given_back(row)


def _given_back(row: Redemption) -> Said:
    """Tokens that were not burned, or a claim that could not be served."""
    why = "You cancelled this request." if row.rule == CANCELLED else f"We could not redeem: {_plain(row.reason)}."
    if row.restored:
        why = "The delivery did not work, so your tokens were made again."
    to = row.sender or row.wallet
    if row.state != "refunded":
        sentence = f"{why} Your {row.escrowed} tokens are on their way back to {to}."
        return Said("RETURNING", 1, "Tokens on their way back", sentence, "The chain makes it final, usually within minutes.")
    if row.rule == CANCELLED:
        return Said("CANCELLED", 0, "Cancelled", f"{why} Your {row.escrowed} tokens are back in {to}.", "Nothing more happens.")
    sentence = f"{why} {row.restored or row.escrowed} tokens are back in {to}."
    return Said("RETURNED", 0, "Tokens sent back", sentence, "Ask again once the reason is gone.")


def _plain(reason: str) -> str:
    """A reason without the name of the place that it came from."""
    return reason.partition(": ")[2].rstrip(".") or reason.rstrip(".") or "the rules did not allow it"


def _usd(amount: Money) -> str:
    return _usd_text(str(amount))


def _usd_text(text: str) -> str:
    """Dollars with two decimals at least: `$1,234.50`, `$0.000001`."""
    whole, _, rest = text.partition(".")
    return f"${int(whole):,}.{rest.ljust(2, '0')}"
