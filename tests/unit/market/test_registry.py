"""Detectors by name; an extra's packages are loaded only for the detector that needs them."""

import subprocess
import sys

import pytest

from app.market.detector.anchored import ANCHORED
from app.market.detector.registry import NAMES, detector

HEAVY = {"numpy", "scipy", "sklearn", "hmmlearn", "jumpmodels", "pandas", "ccxt"}


def said(program: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_each_name_gives_its_detector() -> None:
    assert [detector(name).name for name in NAMES] == ["anchored", "sma200", "hmm", "jump"]
    assert detector("anchored") is ANCHORED


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        ValueError, match=r"^No detector is called 'gut'; there are anchored, sma200, hmm, jump\.$"
    ):
        detector("gut")


@pytest.mark.parametrize("module", ["app.main", "app.cli", "app.market.detector.registry"])
def test_the_program_loads_no_package_of_an_extra(module: str) -> None:
    assert said(f"import sys, {module}; print({HEAVY} & set(sys.modules))") == "set()"


def test_detectors_without_an_extra_load_none_either() -> None:
    program = (
        "import sys; from app.market.detector.registry import detector\n"
        f"detector('anchored'), detector('sma200'); print({HEAVY} & set(sys.modules))"
    )
    assert said(program) == "set()"


@pytest.mark.parametrize(
    ("name", "package"), [("hmm", "hmmlearn"), ("hmm", "numpy"), ("jump", "numpy")]
)
def test_a_missing_extra_is_named_in_one_sentence(name: str, package: str) -> None:
    program = (
        f"import sys; sys.modules['{package}'] = None\n"
        "from app.market.detector.registry import MissingExtra, detector\n"
        f"try: detector('{name}')\n"
        "except MissingExtra as error: print(error)"
    )
    assert said(program) == (
        f"The detector '{name}' needs {package}, which is not installed: "
        f"pip install 'regime-synapse[{name}]'."
    )


def test_a_broken_module_of_ours_is_not_called_a_missing_extra() -> None:
    program = (
        "import sys; sys.modules['app.market.detector.hmm_fit'] = None\n"
        "from app.market.detector.registry import MissingExtra, detector\n"
        "try: detector('hmm')\n"
        "except ImportError as error: print(type(error).__name__)"
    )
    assert said(program) == "ModuleNotFoundError"
