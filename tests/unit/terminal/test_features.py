import re
from pathlib import Path

from app.market.detector import constants
from app.market.detector.registry import explainer
from app.terminal.features import WORDS, in_words, legend, term_name

ROOT = Path(__file__).parents[3]
_NAMED = re.compile(r'\["(\w+)", (?:moves\(|\{ name: )"([^"]+)"')


def test_the_words_are_those_of_the_dashboard() -> None:
    text = (ROOT / "web/src/ui/featureNames.ts").read_text(encoding="utf-8")
    assert dict(_NAMED.findall(text)) == WORDS


def test_the_page_of_the_terminal_has_every_word() -> None:
    page = (ROOT / "docs/terminal.md").read_text(encoding="utf-8")
    for name, words in WORDS.items():
        assert f"| `{name}` | {words} |" in page


def test_a_term_whose_value_is_not_the_feature_is_named_so() -> None:
    features = dict.fromkeys(WORDS, 0.5) | {"t50": -0.5, "vol": 0.2}
    anchored = explainer(constants.NAME)
    assert anchored is not None
    for score in anchored.scores(features):
        for term in score.terms:
            raw = term.value == features[term.feature]
            assert (term_name(score.name, term.feature) == term.feature) is raw, term
    assert term_name("side", "t50") == "|t50| x vol"


def test_an_unknown_feature_has_no_words() -> None:
    assert in_words("gap") == ""
    assert legend(["gap", "t50", "t50", "dv"]) == (
        "t50: versus 50-bar average; dv: downside versus usual"
    )
    assert legend(["gap"]) == ""
