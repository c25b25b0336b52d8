"""A launch code lets in whoever uses it as what its maker was, and no longer than that."""

# covers: app.api.session, app.access.sessions

from pathlib import Path

import httpx

from app.access.token_book import token_hash
from tests.integration.served import TOKEN, serving
from tests.waiting import eventually

ADMIN = "an-admins-token-0123456789"
ENTRY = f"""[[token]]
name = "admin"
sha256 = "{token_hash(ADMIN)}"
scopes = ["admin"]
channels = ["regime"]
"""


def test_a_code_of_an_admin_makes_an_admin_who_ends_with_him(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.toml"
    tokens.write_text(ENTRY)
    with serving(tmp_path, tokens_file=tokens, read="token") as served:
        bearer = {"Authorization": f"Bearer {ADMIN}"}
        made = httpx.post(f"{served.url}/api/session/launch", headers=bearer).json()
        with httpx.Client(base_url=served.url) as browser:
            body = {"launch_code": made["launch_code"]}
            opened = browser.post("/api/session", json=body)
            assert opened.json()["scopes"] == ["admin"]
            assert opened.json()["channels"] == ["regime"]
            assert browser.get("/api/connections").status_code == 200
            assert browser.get("/api/state").status_code == 403
            waiting = httpx.post(f"{served.url}/api/session/launch", headers=bearer).json()
            tokens.write_text("")
            eventually(lambda: browser.get("/api/connections").status_code == 401)
            late = browser.post("/api/session", json={"launch_code": waiting["launch_code"]})
            assert late.status_code == 401


def test_the_owners_code_makes_an_owner(tmp_path: Path) -> None:
    with serving(tmp_path, read="token") as served:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        made = httpx.post(f"{served.url}/api/session/launch", headers=bearer).json()
        opened = httpx.post(f"{served.url}/api/session", json={"launch_code": made["launch_code"]})
        assert opened.json()["scopes"] == ["read", "write", "admin"]
