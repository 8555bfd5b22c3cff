"""Rules in plain words: why something was not possible, and what a person can do about it. The code is quoted beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

from openscrip.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class RuleWords:
    """`because` completes "Not possible because …"; `remedy` is a sentence, with a page that helps if there is one."""

    because: str
    remedy: str
    href: str = ""


RULES: Mapping[str, RuleWords] = {
    "compliance.unverified": RuleWords("your identity is not confirmed yet", "Finish joining, then ask again.", "/join"),
    "compliance.us_person": RuleWords(
        "you are a US person by what you told us, and these tokens are not offered to US persons (Regulation S)",
        "Trying again does not change that. If an answer was wrong, contact us and quote your client number.",
    ),
    "compliance.country": RuleWords(
        "we may not serve persons of a country that you named",
        "Trying again does not change that. If an answer was wrong, contact us and quote your client number.",
    ),
    "compliance.sanctioned_name": RuleWords(
        "a name like yours is on a sanctions list",
        "A person looks at it. You need not do anything; we may ask you for a document.",
    ),
    "compliance.name_review": RuleWords(
        "a name a little like yours is on a sanctions list, which often is somebody else",
        "A person looks at it, usually within one working day. You need not do anything.",
    ),
    "compliance.sanctioned_owner": RuleWords("an owner is on a sanctions list", "A person looks at it and contacts you."),
    "compliance.evidence_missing": RuleWords("a document is missing", "Do the identity check to add it.", "/join"),
    "compliance.evidence_expired": RuleWords("a document has expired", "Do the identity check again.", "/join"),
    "compliance.held": RuleWords(
        "a person is checking your account at the moment",
        "Nothing of yours moves while they look. Ask again when the check is done; a notice tells you.", "/notices",
    ),
    "compliance.wallet_not_attested": RuleWords(
        "this wallet has not signed that it is yours", "Add the wallet to your account first.", "/join",
    ),
    "compliance.wallet_of_another": RuleWords(
        "another client has signed for this wallet", "Use a wallet of your own.", "/join",
    ),
    "compliance.sanctioned_address": RuleWords("this wallet is on a sanctions list", "Use another wallet, or contact us."),
    "compliance.order_limit": RuleWords("it is above the limit for one order", "Ask for less.", "/terms"),
    "compliance.daily_limit": RuleWords("it is above your limit for one day", "Ask for less, or tomorrow.", "/terms"),
    "compliance.list_stale": RuleWords("our sanctions lists are too old to decide", "Try again later; we are at it."),
    "compliance.list_stopped": RuleWords("a new sanctions list has to be looked at first", "Try again later; we are at it."),
    "amount.size": RuleWords("the amount is outside of what one order may have", "Choose another amount.", "/terms"),
    "amount.malformed": RuleWords("the amount is no number that we can read", "Write it like 10 or 2.5."),
    "hours.minimum": RuleWords("it is below the least amount of these market hours", "Ask for more.", "/terms"),
    "hours.maximum": RuleWords("it is above the most that these market hours allow", "Ask for less.", "/terms"),
    "inventory.short": RuleWords(
        "there are not as many shares in stock for delivery at once",
        "Choose an order through the broker instead.",
    ),
    "quote.waiting": RuleWords(
        "a corporate action of this stock is being carried out",
        "Ask again when it is done; the page of corporate actions says when.", "/actions",
    ),
    "quote.expired": RuleWords("the quote has expired", "Take a new one; your entries are kept."),
    "quote.used": RuleWords("this quote was used already", "Look at your orders, or take a new quote.", "/orders"),
    "quote.content": RuleWords("the quote was for something else", "Take a new quote."),
    "quote.unknown": RuleWords("there is no such quote", "Take a new quote."),
    "order.cancelled": RuleWords("you cancelled it", "Order again whenever you like."),
    "order.under_way": RuleWords("it was paid, or its tokens were taken, before", "Follow it on its page.", "/orders"),
    "payment.expired": RuleWords("the payment did not arrive in time", "Nothing was charged. Ask again if you still want it."),
    "funding.unknown": RuleWords("this coin is not accepted on that chain", "Choose another way to pay."),
    "funding.wallet": RuleWords("the paying wallet is not one of yours", "Pay from a wallet of your own.", "/join"),
    "account.missing": RuleWords("shares need an account to go to", "Name the account at your broker."),
    "amount.precision": RuleWords("it has more decimals than can be counted there", "Write it with fewer decimals."),
    "amount.held": RuleWords("it is more than you have there", "Write no more than what is free."),
    "withdrawal.delay": RuleWords(
        "this wallet was named to the venue not long ago", "It can be used from the time that stands beside it.",
    ),
    "withdrawal.address": RuleWords("this wallet is not known to the venue", "Name it to the venue first, on this page."),
    "withdrawal.minimum": RuleWords("it is below the least that leaves at once", "Ask for more."),
    "withdrawal.limit": RuleWords("it is above what may leave in one day", "Ask for less, or tomorrow."),
    "treasury.short": RuleWords("the venue holds less of it on that chain", "Ask for less, or on the other chain."),
    "wallet.taken": RuleWords("another customer of the venue has this wallet", "Use a wallet of your own."),
    "venue.account": RuleWords("you have no account at the venue yet", "Open one first.", "/trade/money"),
    "stock.matured": RuleWords("this bond has been paid out and can only be redeemed", "Redeem what you hold.", "/redeem"),
    "joining.examinations": RuleWords("too many identity checks did not succeed", "Contact us and quote your client number."),
}  # fmt: skip

UNKNOWN = RuleWords("one of our rules does not allow it", "Contact us and quote the rule and the number.")


def words_of(rule: str) -> RuleWords:
    """The words of a rule. One that has none yet is still quoted by its code."""
    return RULES.get(rule, UNKNOWN)


def sentence_of(refusal: Refused) -> str:
    """Why not, and what to do, as two sentences."""
    found = words_of(refusal.code)
    return f"Not possible because {found.because}. {found.remedy}"
