"""What the records need of a platform: the rows that are kept for reading."""

from openscrip.api.outgoing.rows import OUTGOING_REGISTERED
from openscrip.issuance.coverage import Coverage, CoverageChanged
from openscrip.issuance.journey import InKindJourney, Journey, OrderMoved
from openscrip.runtime.api_keys import ApiKey

RECORDS_REGISTERED = (Coverage, CoverageChanged, Journey, InKindJourney, OrderMoved, ApiKey, *OUTGOING_REGISTERED)
"""Rows and facts that nothing of the main job decides by."""
