"""A window whose every fault against the content policy, every word on the console and every request is noted."""

from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page

TELL: Final = """addEventListener("securitypolicyviolation", (told) =>
  window.violated(`${told.effectiveDirective} by ${told.blockedURI} at ${told.sourceFile}: ${told.sample}`));"""
OWN: Final = ("blob:", "data:")
"""What needs no request to anybody."""


@dataclass
class Watch:
    """What a window's pages did.

    Attributes:
        violations: what the policy refused.
        console: what was said on the console, by the page or by the browser about it.
        asked: the addresses of all requests and sockets.
    """

    violations: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def of(self, context: BrowserContext) -> "Watch":
        """Watch a window from now on."""
        context.expose_function("violated", self._note_violation)
        context.add_init_script(TELL)
        context.on("console", lambda said: self.console.append(said.text))
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("page", self._hear_sockets)
        return self

    def _note_violation(self, told: str) -> None:
        self.violations.append(told)

    def _hear_sockets(self, page: Page) -> None:
        def note(socket: Any) -> None:
            self.asked.append(socket.url)

        page.on("websocket", note)

    def elsewhere(self, url: str) -> list[str]:
        """The requests to anybody but the server at `url`."""
        own = (url, url.replace("http", "ws", 1), *OWN)
        return [one for one in self.asked if not one.startswith(own)]

    def expect_clean(self, url: str) -> None:
        """Nothing was refused, nothing was said, and nobody else was asked."""
        assert self.violations == []
        assert self.console == []
        assert self.elsewhere(url) == []
        assert any(one.startswith("ws") for one in self.asked), "sockets are not seen"
