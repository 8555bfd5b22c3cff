"""How a purchase is shared among several custodians: whole shares by weight, each part a transfer of its own."""

from openscrip.kernel.quantities import ATOMS_PER_SHARE, Shares

Parts = tuple[tuple[str, int], ...]
"""Custodians by name with their weights, the first one first; none where nothing is split."""


def split_whole(shares: Shares, parts: Parts) -> tuple[tuple[str, Shares], ...]:
    """The whole shares of each custodian, in their order; a custodian that gets none is left out.

    Each gets its share rounded down, and what is left goes one share each to those whose fractions were largest, between equals
    to the first: 11 by 60/40 are 7 and 4 (6.6 and 4.4). What one custodian would get whole names none: it goes where least is
    held for its weight, so that many small purchases keep to the weights, too.
    """
    count, whole = shares.atoms // ATOMS_PER_SHARE, sum(weight for _, weight in parts)
    if not parts or shares != shares.whole_down():
        return (("", shares),)
    each = [count * weight // whole for _, weight in parts]
    by_fraction = sorted(range(len(parts)), key=lambda place: -(count * parts[place][1] % whole))
    for place in by_fraction[: count - sum(each)]:
        each[place] += 1
    found = tuple((name, Shares.whole(number)) for (name, _), number in zip(parts, each, strict=True) if number)
    return found if len(found) > 1 else (("", shares),)
