"""The list of all stocks, read anew when something was recorded and not for every page that shows it."""

import threading
from typing import Any
from weakref import WeakKeyDictionary

from openscrip.issuance.coverage import CURSOR
from openscrip.records.stocks import StockRecord, stocks
from openscrip.web.office import Office

KEPT_S = 10
"""How much market time a list of all stocks may lie before what depends on the hour is worked out again."""


class _Remembered:
    """The list of all stocks as it was read last, for as long as nothing was recorded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: WeakKeyDictionary[Any, tuple[object, list[StockRecord]]] = WeakKeyDictionary()

    def stocks(self, office: Office) -> list[StockRecord]:
        now = office.now()
        with office.store.view() as view:
            mark = (view.position(), view.cursor(CURSOR), now // KEPT_S)
            with self._lock:
                kept = self._lists.get(office)
            if kept is not None and kept[0] == mark:
                return kept[1]
            found = stocks(view, now, office.public.networks, pushed=is_pushed(office))
        with self._lock:
            self._lists[office] = mark, found
        return found


_REMEMBERED = _Remembered()


def is_pushed(office: Office) -> bool:
    """Whether market time is accelerated."""
    return office.clock_mode == "accelerated"


def all_stocks_of(office: Office) -> list[StockRecord]:
    """The same without a request."""
    return _REMEMBERED.stocks(office)
