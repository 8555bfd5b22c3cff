"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.failure import Failure
from ...models.multiplier_at import MultiplierAt
from ...models.multiplier_now import MultiplierNow
from ...types import UNSET, Unset
from typing import cast


def _get_kwargs(
    symbol: str,
    *,
    network: None | str | Unset = UNSET,
    at: int | None | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_network: None | str | Unset
    if isinstance(network, Unset):
        json_network = UNSET
    else:
        json_network = network
    params["network"] = json_network

    json_at: int | None | Unset
    if isinstance(at, Unset):
        json_at = UNSET
    else:
        json_at = at
    params["at"] = json_at

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/public/assets/{symbol}/multiplier".format(
            symbol=quote(str(symbol), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Failure | MultiplierAt | MultiplierNow | None:
    if response.status_code == 200:

        def _parse_response_200(data: object) -> MultiplierAt | MultiplierNow:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_0 = MultiplierNow.from_dict(data)

                return response_200_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            response_200_type_1 = MultiplierAt.from_dict(data)

            return response_200_type_1

        response_200 = _parse_response_200(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Failure.from_dict(response.json())

        return response_400

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Failure | MultiplierAt | MultiplierNow]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    symbol: str,
    *,
    client: AuthenticatedClient | Client,
    network: None | str | Unset = UNSET,
    at: int | None | Unset = UNSET,
) -> Response[Failure | MultiplierAt | MultiplierNow]:
    """Read Multiplier

     The multiplier in force, scheduled, and on every chain; with `at`, the one that was in force at that
    block.

    Args:
        symbol (str): token symbol, share's symbol or ISIN
        network (None | str | Unset): CAIP-2
        at (int | None | Unset): a block or slot of `network`

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Failure | MultiplierAt | MultiplierNow]
    """

    kwargs = _get_kwargs(
        symbol=symbol,
        network=network,
        at=at,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    symbol: str,
    *,
    client: AuthenticatedClient | Client,
    network: None | str | Unset = UNSET,
    at: int | None | Unset = UNSET,
) -> Failure | MultiplierAt | MultiplierNow | None:
    """Read Multiplier

     The multiplier in force, scheduled, and on every chain; with `at`, the one that was in force at that
    block.

    Args:
        symbol (str): token symbol, share's symbol or ISIN
        network (None | str | Unset): CAIP-2
        at (int | None | Unset): a block or slot of `network`

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Failure | MultiplierAt | MultiplierNow
    """

    return sync_detailed(
        symbol=symbol,
        client=client,
        network=network,
        at=at,
    ).parsed


async def asyncio_detailed(
    symbol: str,
    *,
    client: AuthenticatedClient | Client,
    network: None | str | Unset = UNSET,
    at: int | None | Unset = UNSET,
) -> Response[Failure | MultiplierAt | MultiplierNow]:
    """Read Multiplier

     The multiplier in force, scheduled, and on every chain; with `at`, the one that was in force at that
    block.

    Args:
        symbol (str): token symbol, share's symbol or ISIN
        network (None | str | Unset): CAIP-2
        at (int | None | Unset): a block or slot of `network`

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Failure | MultiplierAt | MultiplierNow]
    """

    kwargs = _get_kwargs(
        symbol=symbol,
        network=network,
        at=at,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    symbol: str,
    *,
    client: AuthenticatedClient | Client,
    network: None | str | Unset = UNSET,
    at: int | None | Unset = UNSET,
) -> Failure | MultiplierAt | MultiplierNow | None:
    """Read Multiplier

     The multiplier in force, scheduled, and on every chain; with `at`, the one that was in force at that
    block.

    Args:
        symbol (str): token symbol, share's symbol or ISIN
        network (None | str | Unset): CAIP-2
        at (int | None | Unset): a block or slot of `network`

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Failure | MultiplierAt | MultiplierNow
    """

    return (
        await asyncio_detailed(
            symbol=symbol,
            client=client,
            network=network,
            at=at,
        )
    ).parsed
