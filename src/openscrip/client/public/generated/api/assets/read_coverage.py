"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.coverage_series import CoverageSeries
from ...models.failure import Failure
from ...types import UNSET, Unset
from typing import cast


def _get_kwargs(
    symbol: str,
    *,
    since: None | str | Unset = UNSET,
    until: None | str | Unset = UNSET,
    points: int | Unset = 500,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_since: None | str | Unset
    if isinstance(since, Unset):
        json_since = UNSET
    else:
        json_since = since
    params["since"] = json_since

    json_until: None | str | Unset
    if isinstance(until, Unset):
        json_until = UNSET
    else:
        json_until = until
    params["until"] = json_until

    params["points"] = points

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/public/assets/{symbol}/coverage".format(
            symbol=quote(str(symbol), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> CoverageSeries | Failure | None:
    if response.status_code == 200:
        response_200 = CoverageSeries.from_dict(response.json())

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
) -> Response[CoverageSeries | Failure]:
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
    since: None | str | Unset = UNSET,
    until: None | str | Unset = UNSET,
    points: int | Unset = 500,
) -> Response[CoverageSeries | Failure]:
    """Read Coverage

     What was held and owed over time.

    Args:
        symbol (str): token symbol, share's symbol or ISIN
        since (None | str | Unset): 30 days ago if left out
        until (None | str | Unset): now if left out
        points (int | Unset):  Default: 500.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CoverageSeries | Failure]
    """

    kwargs = _get_kwargs(
        symbol=symbol,
        since=since,
        until=until,
        points=points,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    symbol: str,
    *,
    client: AuthenticatedClient | Client,
    since: None | str | Unset = UNSET,
    until: None | str | Unset = UNSET,
    points: int | Unset = 500,
) -> CoverageSeries | Failure | None:
    """Read Coverage

     What was held and owed over time.

    Args:
        symbol (str): token symbol, share's symbol or ISIN
        since (None | str | Unset): 30 days ago if left out
        until (None | str | Unset): now if left out
        points (int | Unset):  Default: 500.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CoverageSeries | Failure
    """

    return sync_detailed(
        symbol=symbol,
        client=client,
        since=since,
        until=until,
        points=points,
    ).parsed


async def asyncio_detailed(
    symbol: str,
    *,
    client: AuthenticatedClient | Client,
    since: None | str | Unset = UNSET,
    until: None | str | Unset = UNSET,
    points: int | Unset = 500,
) -> Response[CoverageSeries | Failure]:
    """Read Coverage

     What was held and owed over time.

    Args:
        symbol (str): token symbol, share's symbol or ISIN
        since (None | str | Unset): 30 days ago if left out
        until (None | str | Unset): now if left out
        points (int | Unset):  Default: 500.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CoverageSeries | Failure]
    """

    kwargs = _get_kwargs(
        symbol=symbol,
        since=since,
        until=until,
        points=points,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    symbol: str,
    *,
    client: AuthenticatedClient | Client,
    since: None | str | Unset = UNSET,
    until: None | str | Unset = UNSET,
    points: int | Unset = 500,
) -> CoverageSeries | Failure | None:
    """Read Coverage

     What was held and owed over time.

    Args:
        symbol (str): token symbol, share's symbol or ISIN
        since (None | str | Unset): 30 days ago if left out
        until (None | str | Unset): now if left out
        points (int | Unset):  Default: 500.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CoverageSeries | Failure
    """

    return (
        await asyncio_detailed(
            symbol=symbol,
            client=client,
            since=since,
            until=until,
            points=points,
        )
    ).parsed
