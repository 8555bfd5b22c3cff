"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.failure import Failure
from ...models.order_shape import OrderShape
from ...models.redemption_asked import RedemptionAsked
from typing import cast


def _get_kwargs(
    *,
    body: RedemptionAsked,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/client/redemptions",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Failure | OrderShape | None:
    if response.status_code == 200:
        response_200 = OrderShape.from_dict(response.json())

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
) -> Response[Failure | OrderShape]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: RedemptionAsked,
) -> Response[Failure | OrderShape]:
    """Redeem

     Give tokens back. The request has its place in line; it starts when the wallet puts the tokens into
    escrow.

    Args:
        body (RedemptionAsked): Tokens into shares (`in_kind`, to the account `deliverTo`) or
            money (`cash`).

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Failure | OrderShape]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: RedemptionAsked,
) -> Failure | OrderShape | None:
    """Redeem

     Give tokens back. The request has its place in line; it starts when the wallet puts the tokens into
    escrow.

    Args:
        body (RedemptionAsked): Tokens into shares (`in_kind`, to the account `deliverTo`) or
            money (`cash`).

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Failure | OrderShape
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: RedemptionAsked,
) -> Response[Failure | OrderShape]:
    """Redeem

     Give tokens back. The request has its place in line; it starts when the wallet puts the tokens into
    escrow.

    Args:
        body (RedemptionAsked): Tokens into shares (`in_kind`, to the account `deliverTo`) or
            money (`cash`).

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Failure | OrderShape]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: RedemptionAsked,
) -> Failure | OrderShape | None:
    """Redeem

     Give tokens back. The request has its place in line; it starts when the wallet puts the tokens into
    escrow.

    Args:
        body (RedemptionAsked): Tokens into shares (`in_kind`, to the account `deliverTo`) or
            money (`cash`).

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Failure | OrderShape
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
