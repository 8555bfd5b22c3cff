"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ...client import AuthenticatedClient, Client
from ...types import Response, UNSET
from ... import errors

from ...models.failure import Failure
from ...models.webhook_asked import WebhookAsked
from ...models.webhook_made import WebhookMade
from typing import cast


def _get_kwargs(
    *,
    body: WebhookAsked,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/webhooks",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(*, client: AuthenticatedClient | Client, response: httpx.Response) -> Failure | WebhookMade | None:
    if response.status_code == 200:
        response_200 = WebhookMade.from_dict(response.json())

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
) -> Response[Failure | WebhookMade]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: WebhookAsked,
) -> Response[Failure | WebhookMade]:
    """Make Webhook

     Register a webhook. Its secret is told again to who asks the same with the same key's owner.

    Args:
        body (WebhookAsked): Tell `url` of `events`. `requestId` is yours: the same request again
            is the same webhook.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Failure | WebhookMade]
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
    body: WebhookAsked,
) -> Failure | WebhookMade | None:
    """Make Webhook

     Register a webhook. Its secret is told again to who asks the same with the same key's owner.

    Args:
        body (WebhookAsked): Tell `url` of `events`. `requestId` is yours: the same request again
            is the same webhook.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Failure | WebhookMade
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: WebhookAsked,
) -> Response[Failure | WebhookMade]:
    """Make Webhook

     Register a webhook. Its secret is told again to who asks the same with the same key's owner.

    Args:
        body (WebhookAsked): Tell `url` of `events`. `requestId` is yours: the same request again
            is the same webhook.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Failure | WebhookMade]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: WebhookAsked,
) -> Failure | WebhookMade | None:
    """Make Webhook

     Register a webhook. Its secret is told again to who asks the same with the same key's owner.

    Args:
        body (WebhookAsked): Tell `url` of `events`. `requestId` is yours: the same request again
            is the same webhook.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Failure | WebhookMade
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
