"""The tokenisation network's parts: our calls to it and where its requests are taken. Keys lie in files, never in settings."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from openscrip.assets.alpaca_http import AlpacaHttp, Auth, Credentials
from openscrip.assets.network import AskRequest, CallRedeem, ConfirmMint
from openscrip.assets.network_desk import NetworkDesk, Polling
from openscrip.assets.networks.alpaca import NAME, AlpacaNetwork
from openscrip.issuance.chain import RedemptionEscrowed
from openscrip.issuance.in_kind_market import InKindMarket
from openscrip.issuance.primary_market import Screen
from openscrip.issuance.terms import Terms
from openscrip.kernel.errors import Malformed, Refused
from openscrip.runtime.decision import Books
from openscrip.runtime.settings import Settings
from openscrip.runtime.store import Lease, Store, Unit


def build_in_kind(
    settings: Settings, store: Store, books: Books, screen: Screen, terms: Terms, now: Callable[[], int]
) -> InKindMarket | None:
    """Where the network's requests are taken; None while no network is set. Raises `Malformed("settings.value")`."""
    if not settings.itn.url:
        return None
    try:
        chains = settings.itn.chains()
    except ValueError as error:
        raise Malformed("settings.value", f"settings: {error}") from error
    return InKindMarket(store, books, screen, terms, now, chains, settings.itn.custody_name)


def build_network(settings: Settings) -> AlpacaNetwork | None:
    """Our calls to the network; None while none is set. Raises `Refused("itn.secret")` without its credentials."""
    itn = settings.itn
    if not itn.url:
        return None
    lines = secret_lines(settings, "credentials")
    if len(lines) != 2:
        raise Refused("itn.secret", "itn: the file `credentials` was not two lines, key and secret")
    http = AlpacaHttp(NAME, itn.url, Credentials(Auth(itn.auth), lines[0], lines[1], itn.token_url))
    return AlpacaNetwork(http, itn.account, itn.client_field)


def network_performs(settings: Settings, network: AlpacaNetwork | None) -> Mapping[type[Any], Callable[[Lease], Any]]:
    """Who performs what the books ask of the network."""
    if network is None:
        return {}
    desk = NetworkDesk(network, Polling(limit_s=settings.itn.poll_limit_s))
    return {ConfirmMint: desk.confirm_mint, CallRedeem: desk.redeem, AskRequest: desk.ask}


def unplaced(_unit: Unit, _event: RedemptionEscrowed) -> bool:
    """Where there is no network, nobody's tokens are a participant's."""
    return False


def secrets_of(settings: Settings) -> Path:
    """The folder of the files with keys."""
    return Path(settings.itn.secrets) if settings.itn.secrets else settings.data / "secrets" / "itn"


def secret_lines(settings: Settings, name: str) -> list[str]:
    """The lines of one such file. Raises `Refused("itn.secret")`."""
    path = secrets_of(settings) / name
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        text = f"itn: {path} could not be read: {os.strerror(error.errno or 0)}; write it, or take itn.url out"
        raise Refused("itn.secret", text) from error
