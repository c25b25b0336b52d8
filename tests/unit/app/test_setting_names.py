"""A variable with nearly a setting's name is a slip of the pen; one of another program's is none."""

import pytest

from app.config import Settings
from app.setting_names import PREFIX, misspelt

KNOWN = frozenset(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("SYNAPSE_TOKEN_FILE", "SYNAPSE_TOKENS_FILE"),
        ("SYNAPSE_ALLOWED_HOST", "SYNAPSE_ALLOWED_HOSTS"),
        ("SYNAPSE_TRUSTED_PROXY", "SYNAPSE_TRUSTED_PROXIES"),
        ("SYNAPSE_TLSCERT", "SYNAPSE_TLS_CERT"),
        ("synapse_loglevel", "SYNAPSE_LOG_LEVEL"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(given: str, meant: str) -> None:
    assert misspelt([given, "PATH", *KNOWN], KNOWN) == {given: meant}


def test_settings_themselves_and_names_of_our_tools_are_none() -> None:
    tools = (
        *(
            "TEST_NODE",
            "TEST_APPENDS",
            "KILLS",
            "KILL_SEED",
            "FEED_KILLS",
            "SEED",
            "SEEDS",
            "FLIPS",
        ),
        *("FUZZ", "FUZZ_SEED", "FAILPOINT", "POWER_CUTS", "CRASHES", "RESTARTS", "DUPLICATES"),
        *("STALLED_EVENTS", "FULL_TIMES", "WSTEST", "SOMETHING_ELSE"),
    )
    given = [*KNOWN, "synapse_port", "TOKENS_FILE", *(f"{PREFIX}{name}" for name in tools)]
    assert misspelt(given, KNOWN) == {}
