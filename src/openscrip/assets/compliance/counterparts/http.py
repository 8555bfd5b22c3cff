"""A counterpart over plain HTTP: `POST /travel/TRANSFER` with the transaction and the message, answered at once or pending."""

from typing import Any

import httpx

from openscrip.assets.compliance.counterpart import Answer, Replied
from openscrip.assets.compliance.ivms101 import Casing
from openscrip.kernel.errors import Unavailable

ANSWER_S = 10.0


class HttpCounterpart:
    """One provider at `url`, in its casing."""

    def __init__(self, url: str, casing: Casing) -> None:
        self._casing = casing
        self._client = httpx.Client(base_url=url, timeout=ANSWER_S, trust_env=False)

    @property
    def casing(self) -> Casing:
        """As `TravelCounterpart.casing`."""
        return self._casing

    def tell(self, transfer: str, transaction: dict[str, str], message: dict[str, Any]) -> Replied:
        """As `TravelCounterpart.tell`."""
        try:
            response = self._client.post(f"/travel/{transfer}", json={"transaction": transaction, "ivms101": message})
            found = response.json() if response.status_code == 200 else {}
            return Replied(Answer(found["answer"]), str(found["reference"])[:100])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"travel: the counterpart did not answer ({type(error).__name__})") from None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
