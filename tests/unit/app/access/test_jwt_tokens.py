"""A signed token counts by the key that the operator gave; nothing in the token itself can change that."""

# covers: app.access.errors, app.access.jwt_tokens

import hmac
import json
import os
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from app.access.errors import AccessError, JwtSetupError
from app.access.files import FILE_BYTES_MAX
from app.access.grant import ALL_CHANNELS, Grant, Scope
from app.access.jwt_tokens import SECRET_BYTES_MIN, JwtVerifier
from app.access.token_book import TOKEN_CHARACTERS_MAX
from events.catalog import Channel
from tests.unit.app.access.signing import (
    SECRET,
    claims,
    hs256,
    no_descriptors,
    part,
    public_jwk,
    rs256,
    rsa_key,
    write_keys,
)

DEEP = b'{"a":' + b"[" * 2_500

CLAIMS = part(claims(exp=4_102_444_800))
"""Of the year 2100, not of now: an id that a clock makes differs between two workers."""


def shared(**more: Any) -> JwtVerifier:
    return JwtVerifier(secret=SECRET, **more)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return write_keys(tmp_path / "keys.json", public_jwk("one"), public_jwk("two"))


@pytest.fixture
def keyed(keys: Path) -> JwtVerifier:
    return JwtVerifier(keys=keys)


# --- what a token says --------------------------------------------------------------------------


def test_a_token_of_the_secret_allows_what_it_says() -> None:
    exp = int(time.time()) + 60
    token = hs256(sub="ann", exp=exp, scope="read write", channels=["prices"], jti="7")
    found = shared().find(token)
    assert found == Grant(
        "ann",
        frozenset({Scope.READ, Scope.WRITE}),
        frozenset({Channel.PRICES}),
        datetime.fromtimestamp(exp, UTC),
        found.proof if found else "",
    )
    kind, mark, jwt_id = found.proof.split(":")
    assert (kind, jwt_id) == ("jwt", "7")
    assert SECRET not in mark


def test_what_a_key_signed_ends_with_the_key() -> None:
    found = shared().find(hs256())
    assert found is not None
    assert shared().stands(found.proof)
    assert not JwtVerifier(secret=SECRET[::-1]).stands(found.proof)


def test_a_token_of_a_key_allows_what_it_says(keyed: JwtVerifier) -> None:
    for name in ("one", "two"):
        found = keyed.find(rs256(name, sub=name))
        assert found is not None
        assert (found.name, found.scopes) == (name, frozenset({Scope.READ}))
        assert (found.channels, found.proof) == (ALL_CHANNELS, found.proof)
        assert keyed.stands(found.proof)


def test_other_programs_claims_and_scopes_are_passed_over() -> None:
    found = shared().find(hs256(scope="openid read profile READ writ", azp="x", groups=[{}]))
    assert found is not None
    assert found.scopes == {Scope.READ}


@pytest.mark.parametrize("scope", ["", " ", "openid", "READ", "read,write", "reader"])
def test_words_that_are_no_scopes_allow_nothing(scope: str) -> None:
    found = shared().find(hs256(scope=scope))
    assert found is not None
    assert not found.scopes


def test_a_token_for_no_channels_covers_none() -> None:
    found = shared().find(hs256(channels=[]))
    assert found is not None
    assert found.channels == frozenset()


def test_both_kinds_of_keys_can_be_used_at_once(keys: Path) -> None:
    both = JwtVerifier(secret=SECRET, keys=keys)
    assert both.find(hs256())
    assert both.find(rs256())


@pytest.mark.parametrize(
    "more",
    [
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 0},
        {"exp": -1},
        *({"exp": far} for far in (10**15, 10**400)),
        *({"exp": float(text)} for text in ("inf", "nan")),
        {"exp": True},
        {"nbf": "soon"},
        {"scope": None},
        {"scope": ["read"]},
        {"scope": 1},
        {"scope": "read " * 60},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 257},
        {"channels": "prices"},
        {"channels": ["prices", "news"]},
        {"channels": ["*"]},
        {"channels": {}},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 257},
    ],
    ids=str,
)
def test_claims_that_are_not_right_allow_nothing(more: dict[str, Any]) -> None:
    assert shared().find(hs256(**more)) is None


@pytest.mark.parametrize(("claim", "from_now_s"), [("exp", -1), ("nbf", 600), ("iat", 600)])
def test_a_token_of_another_time_allows_nothing(claim: str, from_now_s: int) -> None:
    token = jwt.encode({**claims(), claim: int(time.time()) + from_now_s}, SECRET, "HS256")
    assert shared().find(token) is None


def test_channels_that_are_null_are_not_all_of_them() -> None:
    token = jwt.encode({**claims(), "channels": None}, SECRET, "HS256")
    assert shared().find(token) is None


def test_the_issuer_must_be_the_one() -> None:
    verifier = shared(issuer="https://id.example")
    assert verifier.find(hs256(iss="https://id.example"))
    for issuer in ("https://id.example/", "https://evil.example", None):
        assert verifier.find(hs256(iss=issuer)) is None


def test_a_token_for_somebody_else_is_refused() -> None:
    named = shared(audience="synapse")
    assert named.find(hs256(aud="synapse"))
    assert named.find(hs256(aud=["other", "synapse"]))
    for audience in ("other", ["other"], None, [], "synapse2"):
        assert named.find(hs256(aud=audience)) is None
    # Also where the operator has not said what this server is called.
    assert shared().find(hs256(aud="other")) is None


# --- forged -------------------------------------------------------------------------------------


def test_a_token_of_another_secret_or_key_is_refused(keyed: JwtVerifier) -> None:
    assert shared().find(hs256(SECRET + "!")) is None
    assert keyed.find(rs256("three", {"kid": "one"})) is None
    assert keyed.find(rs256("one", {"kid": "two"})) is None


@pytest.mark.parametrize("kid", ["three", "", "None", "../one", 1, None])
def test_a_key_that_is_not_in_the_file_is_refused(keyed: JwtVerifier, kid: Any) -> None:
    header = {"alg": "RS256", "kid": kid}
    signed = f"{part(header)}.{part(claims())}"
    signature = part(RSAAlgorithm(RSAAlgorithm.SHA256).sign(signed.encode(), rsa_key("one")))
    assert keyed.find(f"{signed}.{signature}") is None
    assert keyed.find(rs256("one", {})) is None, "of two keys it must name one"


def test_the_only_key_need_not_be_named(tmp_path: Path) -> None:
    verifier = JwtVerifier(keys=write_keys(tmp_path / "keys.json", public_jwk("one")))
    assert verifier.find(rs256("one", {}))
    assert verifier.find(rs256("two", {})) is None
    assert verifier.find(rs256("one", {"kid": "other"})) is None


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS512", "hs256", "RS512", "PS256"])
@pytest.mark.parametrize("signature", ["", "AA"])
def test_no_other_algorithm_counts(keys: Path, alg: str, signature: str) -> None:
    token = f"{part({'alg': alg, 'kid': 'one'})}.{part(claims())}.{signature}"
    assert JwtVerifier(secret=SECRET, keys=keys).find(token) is None


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_public_key_is_no_secret(keys: Path, encoding: Encoding) -> None:
    known = rsa_key("one").public_key()
    for secret in (
        known.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo),
        known.public_bytes(encoding, PublicFormat.PKCS1),
        json.dumps(public_jwk("one")).encode(),
        keys.read_bytes(),
        b"",
        b"None",
    ):
        signed = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims())}"
        signature = part(hmac.digest(secret, signed.encode(), sha256))
        for own in (None, SECRET):
            verifier = JwtVerifier(secret=own, keys=keys)
            assert verifier.find(f"{signed}.{signature}") is None


def test_keys_that_a_token_brings_along_are_not_used(keyed: JwtVerifier) -> None:
    own = public_jwk("three")
    for header in ({"jwk": own}, {"jku": "https://evil.example"}, {"kid": "three", "jwk": own}):
        assert keyed.find(rs256("three", header)) is None


@pytest.mark.parametrize(
    "token",
    [
        *("", ".", "..", "...", "a.b.c", "a.b", "....", "\u00e9.\u00e9.\u00e9", "%.%.%", " . . "),
        f"{part(b'[]')}.{CLAIMS}.AA",
        f"{part(b'null')}.{CLAIMS}.AA",
        f"{part(b'{')}.{CLAIMS}.AA",
        f"{part(DEEP)}.{CLAIMS}.AA",
        f"{part({'alg': 1})}.{CLAIMS}.AA",
        f"{part({'alg': ['RS256'], 'kid': 'one'})}.{CLAIMS}.AA",
        f"{part({'alg': 'RS256', 'kid': {'a': 1}})}.{CLAIMS}.AA",
        f"{part({'alg': 'RS256', 'kid': 'one', 'b64': False, 'crit': ['b64']})}..AA",
        f"{part({'alg': 'HS256', 'kid': 'one'})}.{CLAIMS}.===",
        f"{part({'alg': 'HS256', 'kid': 'one'})}.{CLAIMS}.\udfff",
    ],
)
def test_what_is_no_token_is_refused_without_a_fault(keys: Path, token: str) -> None:
    assert JwtVerifier(secret=SECRET, keys=keys).find(token) is None


@pytest.mark.parametrize("body", [b"[]", b"7", b'"a"', b"{", b"\xff", DEEP])
def test_signed_nonsense_is_refused_without_a_fault(body: bytes) -> None:
    signed = f"{part({'alg': 'HS256'})}.{part(body)}"
    signature = part(hmac.digest(SECRET.encode(), signed.encode(), sha256))
    assert shared().find(f"{signed}.{signature}") is None


def test_a_token_that_was_tampered_with_is_refused() -> None:
    head, _, signature = hs256(scope="read").split(".")
    assert shared().find(f"{head}.{part(claims(scope='read write admin'))}.{signature}") is None
    assert shared().find(f"{head}.{part(claims())}.") is None


def test_a_huge_token_is_not_looked_at() -> None:
    fits = hs256(note="x" * (TOKEN_CHARACTERS_MAX * 3 // 4 - 250))
    assert len(fits) <= TOKEN_CHARACTERS_MAX
    assert shared().find(fits)
    assert shared().find(hs256(note="x" * TOKEN_CHARACTERS_MAX)) is None


# --- keys ---------------------------------------------------------------------------------------


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(JwtSetupError, match=f"{SECRET_BYTES_MIN} bytes") as refused:
        JwtVerifier(secret="x" * (SECRET_BYTES_MIN - 1))
    assert "xx" not in str(refused.value)
    assert isinstance(refused.value, AccessError)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JWKS file"),
        ("{", "no JWKS file"),
        ("[]", "no JWKS file"),
        ("{}", "no JWKS file"),
        ('{"keys": []}', "no JWKS file"),
        ('{"keys": 7}', "no JWKS file"),
        ('{"keys": [7]}', "no JWKS file"),
        ('{"keys": [{"kty": "RSA"}]}', "no JWKS file"),
        ('{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', "no RSA key"),
        (json.dumps({"keys": [public_jwk(use="enc")]}), "no RSA key"),
        (json.dumps({"keys": [public_jwk("weak", 1_024)]}), "less than 2048 bits"),
        ("[" * 100_000, "no JWKS file"),
        (" " * (FILE_BYTES_MAX + 1), "more than 1,048,576 bytes"),
        (json.dumps({"keys": [public_jwk("one"), public_jwk("two", kid="one")]}), "two keys"),
        (json.dumps({"keys": [public_jwk("one", kid=None), public_jwk(kid=None)]}), "two keys"),
        (json.dumps({"keys": [public_jwk(), public_jwk("weak", 1_024)]}), "less than 2048 bits"),
    ],
)
def test_keys_that_cannot_be_used_are_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(JwtSetupError, match=said) as refused:
        JwtVerifier(keys=path)
    assert "c2VjcmV0" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_private_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    private = RSAAlgorithm.to_jwk(rsa_key("one"), as_dict=True)
    with pytest.raises(JwtSetupError, match="private key") as refused:
        JwtVerifier(keys=write_keys(tmp_path / "keys.json", private))
    assert private["d"][:8] not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JwtSetupError, match="cannot be read: No such file"):
        JwtVerifier(keys=tmp_path / "keys.json")


def test_keys_are_read_again(keys: Path) -> None:
    verifier = JwtVerifier(keys=keys)
    write_keys(keys, public_jwk("two"), public_jwk("three"))
    found = verifier.find(rs256("one"))
    assert found is not None
    assert verifier.stands(found.proof)
    verifier.refresh()
    assert not verifier.stands(found.proof)
    assert verifier.find(rs256("one")) is None
    assert verifier.find(rs256("three"))


def test_keys_that_cannot_be_read_again_stay_and_are_told(
    keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verifier = JwtVerifier(keys=keys)
    keys.write_text("{not for the log")
    verifier.refresh()
    assert verifier.find(rs256("one"))
    said = capsys.readouterr()
    assert "jwt_keys_unreadable" in said.out + said.err
    assert "not for the log" not in said.out + said.err


def test_of_several_keys_one_need_not_be_named(tmp_path: Path) -> None:
    keys = write_keys(tmp_path / "keys.json", public_jwk("one", kid=None), public_jwk("two"))
    verifier = JwtVerifier(keys=keys)
    assert verifier.find(rs256("one", {}))
    assert verifier.find(rs256("two"))
    assert verifier.find(rs256("one", {"kid": "None"})) is None


def test_keys_of_a_file_that_is_gone_count_no_more(
    keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verifier = JwtVerifier(keys=keys, secret=SECRET)
    found = verifier.find(rs256("one"))
    assert found is not None
    text = keys.read_text()
    keys.unlink()
    for _ in range(2):
        verifier.refresh()
    assert not verifier.stands(found.proof)
    assert verifier.find(rs256("one")) is None
    assert verifier.find(hs256())
    assert "".join(capsys.readouterr()).count("is gone") == 1
    keys.write_text(text)
    verifier.refresh()
    assert verifier.find(rs256("one"))


def test_keys_that_could_not_be_read_just_then_are_read_again(keys: Path) -> None:
    verifier = JwtVerifier(keys=keys)
    write_keys(keys, public_jwk("three"))
    with no_descriptors():
        verifier.refresh()
    assert verifier.find(rs256("one")), "what was right a moment ago is right still"
    verifier.refresh()
    assert verifier.find(rs256("one")) is None
    assert verifier.find(rs256("three"))


def test_a_pipe_in_the_place_of_the_keys_holds_nobody_up(keys: Path) -> None:
    verifier = JwtVerifier(keys=keys)
    keys.unlink()
    os.mkfifo(keys)
    verifier.refresh()
    assert verifier.find(rs256("one"))
    with pytest.raises(JwtSetupError, match="no regular file"):
        JwtVerifier(keys=keys)


def test_a_token_may_have_no_scope_that_is_known() -> None:
    found = shared().find(hs256(scope="mail calendar"))
    assert found is not None
    assert found.scopes == frozenset()
