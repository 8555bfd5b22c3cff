"""Asks the pages for themselves once after they have started, so that no visitor waits for what every first page costs.

That is the templates' compilation, the closing prices of years, the days on chain and venue that are over, and who has
which power: a second or two, once.
"""

import logging
import threading
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import httpx
from jinja2 import Environment, TemplateError

from openscrip.assets.stock import Stock
from openscrip.kernel.errors import Unavailable
from openscrip.runtime.store import Store

log = logging.getLogger(__name__)

ANSWER_S = 10.0
PAGES = ("/", "/activity", "/who", "/status", "/actions", "/reports", "/check", "/terms", "/trade", "/sign-in")
OF_A_STOCK = ("/stocks/{}", "/stocks/{}/coverage", "/stocks/{}/multiplier", "/activity/{}")


def warm_pages(origin: str, port: int, templates: Environment, store: Store, stop: threading.Event) -> int:
    """Ask for the public pages at `port`, by the name that they answer to; how many were answered. What fails is left out."""
    for name in templates.list_templates():
        if stop.is_set():
            return 0
        try:
            templates.get_template(name)
        except TemplateError as error:
            log.debug("web: %s is no template of a page: %s", name, error)
    found = 0
    with httpx.Client(timeout=ANSWER_S, trust_env=False, headers={"Host": urlsplit(origin).netloc}) as client:
        for path in _paths(store):
            if stop.is_set():
                break
            try:
                found += client.get(f"http://127.0.0.1:{port}{path}").is_success
            except httpx.HTTPError as error:
                log.debug("web: %s was not warmed: %s", path, error)
    return found


def _paths(store: Store) -> Iterator[str]:
    yield from PAGES
    try:
        with store.view() as view:
            first = view.page(Stock, limit=1).rows
    except Unavailable as outage:
        log.debug("web: nothing of a stock was warmed: %s", outage)
        return
    yield from (path.format(quote(stock.id, safe="")) for stock in first for path in OF_A_STOCK)
