"""Which terms of a corporate action stand, by what its sources say and an operator decided. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from openscrip.assets.corporate_actions import (
    CorporateAction,
    ForwardSplit,
    ReverseSplit,
    action_of,
    correcting_ratio,
    merged,
    sources_agree,
)
from openscrip.assets.notice import RATIOS, Notice


def settled(notices: Sequence[Notice], chosen_source: str, chosen_revision: int) -> Notice | None:
    """What two sources agree on, or an operator decided for; None while that is open.

    A decision stands for the revision that it was made on: a later word of that source opens the question again. What its
    only source withdraws was never told.
    """
    chosen = next((each for each in notices if each.source == chosen_source), None)
    if chosen is not None and chosen_revision in (0, chosen.revision):  # 0: decided before revisions were counted
        return chosen
    if sources_agree(notices):
        return merged(sorted((each for each in notices if each.is_sound), key=_custodian_first))
    if len(notices) == 1 and notices[0].is_withdrawn:
        return notices[0]
    return None


def _custodian_first(notice: Notice) -> bool:
    return notice.source != "custodian"


def action_between(action_id: str, base: Notice | None, terms: Notice) -> CorporateAction:
    """The action of `terms`, or what brings a multiplier that moved by `base` to where `terms` would have brought it."""
    if base is None or terms.event not in RATIOS:
        return action_of(replace(terms, event_id=action_id))
    ratio = correcting_ratio(ratio_of(base), ratio_of(terms))
    kind = ForwardSplit if ratio[0] > ratio[1] else ReverseSplit
    return kind(action_id, terms.symbol, terms.ex_date, *ratio)


def ratio_of(notice: Notice) -> tuple[int, int]:
    """The ratio that a notice stands for; a withdrawal, none."""
    return (1, 1) if notice.is_withdrawn or notice.ratio is None else notice.ratio
