"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.failure import Failure
from ...models.holder_proofs import HolderProofs
from ...types import UNSET, Unset
from typing import cast


def _get_kwargs(
    label: str,
    symbol: str,
    *,
    bucket: str | Unset = "",
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["bucket"] = bucket

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/public/reports/{label}/holders/{symbol}".format(
            label=quote(str(label), safe=""),
            symbol=quote(str(symbol), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Failure | HolderProofs | None:
    if response.status_code == 200:
        response_200 = HolderProofs.from_dict(response.json())

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
) -> Response[Failure | HolderProofs]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    label: str,
    symbol: str,
    *,
    client: AuthenticatedClient | Client,
    bucket: str | Unset = "",
) -> Response[Failure | HolderProofs]:
    """List Holder Proofs

     Proofs that holders are counted in a report, by the bucket that an address hashes into.

    A bucket's name has the least number of digits `d` with `holders <= 16 ** (d + 1)`; up to 16 holders
    share one without.

    Args:
        label (str):
        symbol (str): token symbol, share's symbol or ISIN
        bucket (str | Unset): the first hex digits of SHA-256 of the address Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Failure | HolderProofs]
    """

    kwargs = _get_kwargs(
        label=label,
        symbol=symbol,
        bucket=bucket,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    label: str,
    symbol: str,
    *,
    client: AuthenticatedClient | Client,
    bucket: str | Unset = "",
) -> Failure | HolderProofs | None:
    """List Holder Proofs

     Proofs that holders are counted in a report, by the bucket that an address hashes into.

    A bucket's name has the least number of digits `d` with `holders <= 16 ** (d + 1)`; up to 16 holders
    share one without.

    Args:
        label (str):
        symbol (str): token symbol, share's symbol or ISIN
        bucket (str | Unset): the first hex digits of SHA-256 of the address Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Failure | HolderProofs
    """

    return sync_detailed(
        label=label,
        symbol=symbol,
        client=client,
        bucket=bucket,
    ).parsed


async def asyncio_detailed(
    label: str,
    symbol: str,
    *,
    client: AuthenticatedClient | Client,
    bucket: str | Unset = "",
) -> Response[Failure | HolderProofs]:
    """List Holder Proofs

     Proofs that holders are counted in a report, by the bucket that an address hashes into.

    A bucket's name has the least number of digits `d` with `holders <= 16 ** (d + 1)`; up to 16 holders
    share one without.

    Args:
        label (str):
        symbol (str): token symbol, share's symbol or ISIN
        bucket (str | Unset): the first hex digits of SHA-256 of the address Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Failure | HolderProofs]
    """

    kwargs = _get_kwargs(
        label=label,
        symbol=symbol,
        bucket=bucket,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    label: str,
    symbol: str,
    *,
    client: AuthenticatedClient | Client,
    bucket: str | Unset = "",
) -> Failure | HolderProofs | None:
    """List Holder Proofs

     Proofs that holders are counted in a report, by the bucket that an address hashes into.

    A bucket's name has the least number of digits `d` with `holders <= 16 ** (d + 1)`; up to 16 holders
    share one without.

    Args:
        label (str):
        symbol (str): token symbol, share's symbol or ISIN
        bucket (str | Unset): the first hex digits of SHA-256 of the address Default: ''.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Failure | HolderProofs
    """

    return (
        await asyncio_detailed(
            label=label,
            symbol=symbol,
            client=client,
            bucket=bucket,
        )
    ).parsed
