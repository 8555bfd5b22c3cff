"""The primary market's terms as set, each version of them kept, so that what a request pinned can be read for ever."""

from dataclasses import replace

from openscrip.assets.inventory import Level
from openscrip.issuance.terms import HourTerms, Terms, TermsVersion
from openscrip.kernel.errors import Malformed
from openscrip.kernel.quantities import Shares
from openscrip.runtime.market_settings import Closed, Extended, Fees, Overnight
from openscrip.runtime.settings import Settings
from openscrip.runtime.store import Store


def terms_of(settings: Settings) -> Terms:
    """The terms as set, of no version yet. Raises `Malformed("inventory.levels")`."""
    return Terms(
        settings.fees.cushion_bps,
        settings.limits.shares_min,
        settings.limits.shares_max,
        settings.ages.voucher_life_s,
        market=_hours(settings.fees),
        extended=_hours(settings.extended),
        overnight=_hours(settings.overnight),
        closed=_hours(settings.closed),
        bank_within_s=settings.inventory.bank_within_s,
        stable_within_s=settings.inventory.stable_within_s,
        levels=levels_of(settings.inventory.levels),
    )


def levels_of(text: str) -> tuple[Level, ...]:
    """`TSLA:50:100,NVDA:10:40` as levels. Raises `Malformed("inventory.levels")`."""
    found = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        words = each.split(":")
        if len(words) != 3 or not words[0] or not words[1].isdecimal() or not words[2].isdecimal():
            raise Malformed("inventory.levels", f"inventory: {each!a:.40} was not SYMBOL:reorder:target in whole shares")
        level = Level(words[0], Shares.whole(int(words[1])), Shares.whole(int(words[2])))
        if level.reorder > level.target:
            raise Malformed("inventory.levels", f"inventory: {each!a:.40} reordered above its target")
        found.append(level)
    return tuple(found)


def pinned(store: Store, terms: Terms, now: int) -> Terms:
    """The terms with their version: the newest one if nothing changed, else the next, kept from now on."""
    with store.transaction() as unit:
        newest = max(unit.rows(TermsVersion), key=lambda row: row.terms.version, default=None)
        if newest is not None and newest.terms == replace(terms, version=newest.terms.version):
            return newest.terms
        after = replace(terms, version=newest.terms.version + 1 if newest else 1)
        unit.put(TermsVersion(f"terms:{after.version}", after, now))
        return after


def _hours(hours: Fees | Extended | Overnight | Closed) -> HourTerms:
    return HourTerms(hours.fee_bps, hours.fixed_usd, hours.spread_bps, hours.usd_min, hours.usd_max, hours.quote_life_s)
