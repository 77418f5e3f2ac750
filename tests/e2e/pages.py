"""Pages of the service, opened in a browser that tells what went wrong in them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from tests.e2e.browser import listen

LIMIT_MS = 30_000

Open = Callable[[str], Page]


@contextmanager
def opening(browser: Browser, problems: list[str], **options: object) -> Iterator[Open]:
    """Opens pages. ``problems`` is told what the browser finds wrong, and what is asked of anybody but the server."""
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(LIMIT_MS)

    def open_at(url: str) -> Page:
        site = "/".join(url.split("/")[:3])
        page = context.new_page()
        page.on("console", lambda said: problems.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(site) else problems.append(request.url))
        listen(page)
        page.goto(url)
        return page

    yield open_at
    context.close()


def wait_for(page: Page, condition: str, limit_ms: int = 2 * LIMIT_MS) -> None:
    """Until a JavaScript expression is true. Playwright's own way needs ``eval``, which our pages may not."""
    looking = f"""async () => {{
        const until = performance.now() + {limit_ms};
        while (!({condition}) && performance.now() < until) await new Promise((next) => setTimeout(next, 20));
        return Boolean({condition});
    }}"""
    assert page.evaluate(looking), condition
