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
def unpacked() -> dict[str, str]:
    """Where the browser is: its `executable`, and the `libraries` and `fonts` that it needs.

    Raises:
        NoBrowser: there is no node, or the dashboard's packages are not installed.
    """
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


def browser_env() -> dict[str, str]:
    """The variables that the browser's process needs, on a bare system too.

    Raises:
        NoBrowser: there is no node, or the dashboard's packages are not installed.
    """
    places = unpacked()
    libraries = [places["libraries"], *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return {
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        "FONTCONFIG_PATH": places["fonts"],
    }


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser.

    Raises:
        NoBrowser: there is no node, or the dashboard's packages are not installed.
    """
    executable, env = unpacked()["executable"], {**os.environ, **browser_env()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=list(ARGUMENTS), env=dict(env)
        )
        try:
            yield browser
        finally:
            browser.close()
