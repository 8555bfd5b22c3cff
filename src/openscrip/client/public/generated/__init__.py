"""Made from the document of the second API by tools/make_client.py; never edited by hand."""

""" A client library for accessing Openscrip """
from .client import AuthenticatedClient, Client

__all__ = (
    "AuthenticatedClient",
    "Client",
)
