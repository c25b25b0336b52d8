"""Starts the Chromium that comes with the dashboard's npm packages: no system package is needed."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

WEB = Path(__file__).resolve().parents[2] / "web"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-pings",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--font-render-hinting=none",
)


class NoBrowser(Exception):
    """There is no node, or the dashboard's packages are not installed."""


def node() -> str:
    """The node program: the one that `dev.py` found, else the one on the path.

    Raises:
        NoBrowser: there is none.
    """
    found = os.environ.get("SYNAPSE_TEST_NODE") or shutil.which("node")
    if not found:
        raise NoBrowser("node is not installed")
    return found


@cache
def _unpacked() -> dict[str, str]:
    if not (WEB / "node_modules" / "@sparticuz" / "chromium").is_dir():
        raise NoBrowser(
            "the dashboard's packages are not installed: npm ci --ignore-scripts in web"
        )
    command = [node(), "scripts/browser.mjs"]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoBrowser(f"Chromium could not be unpacked:\n{done.stderr[-2000:]}")
    places: dict[str, str] = json.loads(done.stdout)
    return places


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser.

    Raises:
        NoBrowser: there is no node, or the dashboard's packages are not installed.
    """
    places = _unpacked()
    libraries = [places["libraries"], *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    env: dict[str, str | float | bool] = {
        **os.environ,
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        "FONTCONFIG_PATH": places["fonts"],
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=places["executable"], args=list(ARGUMENTS), env=env
        )
        try:
            yield browser
        finally:
            browser.close()
