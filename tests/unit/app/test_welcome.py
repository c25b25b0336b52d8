"""What a starting server warns of: variables that nobody reads, and names that it does not have."""

import pytest
from structlog.testing import capture_logs

from app.access.exposure import Exposure
from app.welcome import nameless, unknown_settings, warn

HERE = Exposure("127.0.0.1", has_tls=False, proxies=(), reading_is_open=None)
ABROAD = Exposure("0.0.0.0", has_tls=True, proxies=(), reading_is_open=None)
BEHIND = Exposure("127.0.0.1", has_tls=False, proxies=("127.0.0.1",), reading_is_open=None)


@pytest.mark.parametrize(
    ("exposure", "names", "warned"),
    [
        (HERE, "", False),
        (ABROAD, "", True),
        (ABROAD, "synapse.example", False),
        (BEHIND, "", True),
        (BEHIND, "synapse.example", False),
    ],
)
def test_whoever_lets_others_in_without_a_name_is_told(
    exposure: Exposure, names: str, warned: bool
) -> None:
    said = nameless(exposure, names)
    assert bool(said) is warned
    assert all("SYNAPSE_ALLOWED_HOSTS" in line for line in said)


def test_a_misspelt_variable_is_told_with_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_TOKEN_FILE", "x")
    said = unknown_settings(["token", "tokens_file"])
    assert said == ["SYNAPSE_TOKEN_FILE is no setting: was SYNAPSE_TOKENS_FILE meant?"]


def test_a_warning_is_a_line_for_people_and_an_event_for_machines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    warn(["[bold]mind"], as_json=False)
    assert capsys.readouterr().err == "Warning: [bold]mind\n"
    with capture_logs() as logged:
        warn(["mind"], as_json=True)
    assert logged == [{"event": "setting_doubtful", "problem": "mind", "log_level": "warning"}]
