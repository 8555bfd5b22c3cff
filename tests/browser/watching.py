"""What a page may not do, noted as it happens: errors on the console, breaches of its policy, requests to anywhere else."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

TELL_BREACHES = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`);
});
"""
LOCAL = {"localhost", "127.0.0.1"}


@dataclass
class Watch:
    """Troubles of all pages of a context, in order. `expected` are patterns of what a test provokes on purpose."""

    troubles: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch every page of `context` from now on."""
        context.add_init_script(TELL_BREACHES)
        context.on("console", self._console)
        context.on("request", self._request)
        context.on("page", self._page)
        context.on("weberror", lambda error: self.troubles.append(f"error: {error.error}"))

    def expect(self, pattern: str) -> None:
        """A trouble that belongs to the test, such as the console's line about an answer 404."""
        self.expected.append(pattern)

    def left(self) -> list[str]:
        """Troubles that nobody expected."""
        return [trouble for trouble in self.troubles if not any(re.search(pattern, trouble) for pattern in self.expected)]

    def _page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._address(socket.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        self._address(request.url)

    def _address(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in LOCAL:
            self.troubles.append(f"off-host: {url}")
