"""Chromium without a screen, and an ear at what it plays."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

_MISSING = "chromium is not installed; on Debian and Ubuntu: apt-get install chromium"
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Other tests run beside it, and a server takes its time to start again.
_PATIENCE_MS = 30_000
# What goes to the loudspeaker also goes to a meter, which knows how loud it is now and was at most.
_EAR = """
(() => {
  const connect = AudioNode.prototype.connect;
  let meter = null;
  window.loudest = 0;
  window.loudness = () => {
    if (!meter) return 0;
    const samples = new Float32Array(meter.fftSize);
    meter.getFloatTimeDomainData(samples);
    return Math.max(...samples.map(Math.abs));
  };
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      meter ??= new AnalyserNode(this.context, { fftSize: 2048 });
      connect.call(this, meter);
    }
    return connect.call(this, target, ...rest);
  };
  setInterval(() => (window.loudest = Math.max(window.loudest, window.loudness())), 20);
})();
"""
# Speech has pauses, but none of more than a second.
_SILENCE = """
async () => {
  const start = performance.now();
  let since = start;
  while (performance.now() - since < 1200) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (window.loudness() > 1e-4) since = performance.now();
  }
  return since - start;
}
"""


AS_OBS = "--autoplay-policy=no-user-gesture-required"
"""A page may sound by itself."""


def program() -> str:
    """Where ``chromium`` is. Without it a test is skipped; in CI, which sets ``CI``, it fails."""
    found = shutil.which("chromium")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail(_MISSING)
    pytest.skip(_MISSING)


@contextmanager
def browsing(*flags: str) -> Iterator[Browser]:
    """A browser as people have it: sound needs a click or a key first."""
    executable = program()
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*_FLAGS, *flags])
        yield browser
        browser.close()


def listen(page: Page) -> None:
    """Hear what the page plays from now on; before it is opened."""
    page.add_init_script(_EAR)


def loudest(page: Page) -> float:
    """The loudest sample so far, 0 to 1."""
    return float(page.evaluate("window.loudest"))


def ms_until_silence(page: Page) -> float:
    """How long something is still heard."""
    return float(page.evaluate(_SILENCE))
