"""The examples of docs/pytest-plugin.md are tests, and run as such; so do the options that it names."""

import re
from pathlib import Path

from tests.house.tree import ROOT
from tests.plugin.foreign import Foreign

DOC = (ROOT / "docs" / "pytest-plugin.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)


def test_its_examples_run(shadowing: Foreign) -> None:
    shadowing.write({f"test_{at}.py": text for at, text in enumerate(EXAMPLES)})
    # One is parametrised.
    shadowing.passes(len(EXAMPLES) + 1, "--synapse-update-golden")


def test_it_names_every_fixture_and_option(project: Foreign) -> None:
    project.write({"test_nothing.py": "def test_nothing(): pass\n"})
    told = project.python("-m", "pytest", "--help").output
    options = set(re.findall(r"--synapse-[a-z-]+", told))
    assert len(options) == 3
    assert options <= set(re.findall(r"--synapse-[a-z-]+", DOC))
    source = Path(ROOT / "pytest_regime_synapse.py").read_text(encoding="utf-8")
    fixtures = set(re.findall(r"@pytest\.fixture\ndef ([a-z_]+)", source))
    assert len(fixtures) == 6
    assert {name for name in fixtures if f"| `{name}` |" not in DOC} == set()
