"""Screening: person, wallet and order against policy and lists. Pure; all refusals at once, each naming its rule."""

from collections.abc import Iterator
from dataclasses import dataclass

from openscrip.assets.compliance.persons import Person, Wallet
from openscrip.assets.compliance.sanctions import SanctionsLists
from openscrip.kernel.errors import Refused
from openscrip.kernel.money import Money

UNITED_STATES = "US"
LIST_AGE_S_MAX = 24 * 3600

RULES = (
    "compliance.unverified",
    "compliance.us_person",
    "compliance.country",
    "compliance.sanctioned_name",
    "compliance.wallet_not_attested",
    "compliance.wallet_of_another",
    "compliance.sanctioned_address",
    "compliance.order_limit",
    "compliance.daily_limit",
    "compliance.list_stale",
)
"""Every rule that screening may name. The codes are public and never change their meaning."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The product's rules. `name_score_min` is 0 to 100; limits are for one order and for one client in one day."""

    version: int
    refused_countries: frozenset[str]
    order_max: Money
    daily_max: Money
    name_score_min: int = 90


DEMONSTRATION_POLICY = Policy(
    1,
    # China: joint notice Yinfa [2026] No. 42 bars overseas issuers from serving persons there. Others: embargoes.
    frozenset({"CN", "CU", "IR", "KP", "SY"}),
    Money(1_000_000 * 10**6),
    Money(2_000_000 * 10**6),
)
"""The policy of the demonstration."""


@dataclass(frozen=True, slots=True)
class ScreenedOrder:
    """What is asked for, in money."""

    amount: Money


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule that said no."""

    rule: str
    text: str


def screen(
    person: Person,
    wallet: Wallet | None,
    order: ScreenedOrder,
    policy: Policy,
    lists: SanctionsLists,
    spent_today: Money,
    now: int | None = None,
) -> list[Refusal]:
    """All refusals, empty if the order may go on. `now` also checks that the lists are at most a day old."""
    return [
        *_who(person, policy),
        *_listed(person, policy, lists),
        *_where(person, wallet, lists),
        *_how_much(order, policy, spent_today),
        *_stale(lists, now),
    ]


def refuse_any(refusals: list[Refusal]) -> None:
    """Raise `Refused` with the first rule, if there is one; the text names them all."""
    if refusals:
        raise Refused(refusals[0].rule, "; ".join(each.text for each in refusals))


def _who(person: Person, policy: Policy) -> Iterator[Refusal]:
    if not person.verified:
        yield Refusal("compliance.unverified", f"compliance: {person.id} was not verified")
    evidence = [*person.us_evidence, *(["country US"] if UNITED_STATES in person.countries() else [])]
    if evidence:
        yield Refusal("compliance.us_person", f"compliance: {person.id} was a US person by {', '.join(evidence)}")
    refused = sorted(policy.refused_countries.intersection(person.countries()))
    if refused:
        yield Refusal("compliance.country", f"compliance: {person.id} was tied to {', '.join(refused)}")


def _listed(person: Person, policy: Policy, lists: SanctionsLists) -> Iterator[Refusal]:
    for name in (person.name, *person.aliases):
        match = lists.match_name(name, policy.name_score_min)
        if match is not None:
            yield Refusal(
                "compliance.sanctioned_name",
                f"compliance: {name!r} was {match.score} of 100 like {match.listed.id} ({match.listed.programme})",
            )
            return


def _where(person: Person, wallet: Wallet | None, lists: SanctionsLists) -> Iterator[Refusal]:
    if wallet is None or not wallet.attested:
        address = "no wallet" if wallet is None else wallet.address
        yield Refusal("compliance.wallet_not_attested", f"compliance: {address} was not signed for by {person.id}")
    if wallet is None:
        return
    if wallet.person_id != person.id:
        yield Refusal("compliance.wallet_of_another", f"compliance: {wallet.address} belonged to somebody else")
    listed = lists.match_address(wallet.chain, wallet.address)
    if listed is not None:
        yield Refusal("compliance.sanctioned_address", f"compliance: {wallet.address} was listed ({listed.programme})")


def _how_much(order: ScreenedOrder, policy: Policy, spent_today: Money) -> Iterator[Refusal]:
    if order.amount > policy.order_max:
        yield Refusal(
            "compliance.order_limit",
            f"compliance: {order.amount} USD was above the limit of {policy.order_max} an order",
        )
    if spent_today + order.amount > policy.daily_max:
        yield Refusal(
            "compliance.daily_limit",
            f"compliance: {spent_today + order.amount} USD was above the limit of {policy.daily_max} a day",
        )


def _stale(lists: SanctionsLists, now: int | None) -> Iterator[Refusal]:
    if now is not None and now - lists.retrieved_at > LIST_AGE_S_MAX:
        yield Refusal("compliance.list_stale", "compliance: the sanctions lists were older than 24 hours")
