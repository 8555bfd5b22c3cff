"""Identity providers: how each signs its webhooks, and how each is asked. One module each, named after the provider."""

from collections.abc import Mapping

from openscrip.assets.compliance.identities.persona import check_persona
from openscrip.assets.compliance.identities.sumsub import check_sumsub
from openscrip.assets.compliance.identity import WebhookCheck

CHECKS: Mapping[str, WebhookCheck] = {"persona": check_persona, "sumsub": check_sumsub}
"""How the webhooks of each provider are verified."""
