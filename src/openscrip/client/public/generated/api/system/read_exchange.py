"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.exchange import Exchange
from ...models.failure import Failure
from typing import cast


def _get_kwargs(
    mic: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/public/exchanges/{mic}".format(
            mic=quote(str(mic), safe=""),
        ),
    }

    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Exchange | Failure | None:
    if response.status_code == 200:
        response_200 = Exchange.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Failure.from_dict(response.json())

        return response_400

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Response[Exchange | Failure]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    mic: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Exchange | Failure]:
    """Read Exchange

     The hours of an exchange now.

    Args:
        mic (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Exchange | Failure]
    """

    kwargs = _get_kwargs(
        mic=mic,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    mic: str,
    *,
    client: AuthenticatedClient | Client,
) -> Exchange | Failure | None:
    """Read Exchange

     The hours of an exchange now.

    Args:
        mic (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Exchange | Failure
    """

    return sync_detailed(
        mic=mic,
        client=client,
    ).parsed


async def asyncio_detailed(
    mic: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Exchange | Failure]:
    """Read Exchange

     The hours of an exchange now.

    Args:
        mic (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Exchange | Failure]
    """

    kwargs = _get_kwargs(
        mic=mic,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    mic: str,
    *,
    client: AuthenticatedClient | Client,
) -> Exchange | Failure | None:
    """Read Exchange

     The hours of an exchange now.

    Args:
        mic (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Exchange | Failure
    """

    return (
        await asyncio_detailed(
            mic=mic,
            client=client,
        )
    ).parsed
