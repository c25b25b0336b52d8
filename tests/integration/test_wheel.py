"""A release: `python3 -m build` makes it, and what was installed from it runs with no Node and no clone near it."""

import json
import re
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests.built import require_build
from tests.house.tree import ROOT
from tests.integration.installed import Installed, build, built, get

VERSION: Final[str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "version"
]
SDIST_BYTES_MAX: Final = 12_000_000
WHEEL_BYTES_MAX: Final = 4_000_000
JUNK: Final = re.compile(
    r"node_modules|__pycache__|\.venv|\.git/|_cache/|\.hypothesis|\.(pyc|db|db-wal|token|tsbuildinfo)$|(^|/)\.env$"
)
PLUGIN: Final = (
    "from importlib.metadata import entry_points as all\n"
    "(plugin,) = all(group='pytest11', name='pytest_regime_synapse')\n"
    "print(plugin.load().__file__)\n"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source distribution and the wheel."""
    require_build()
    return built(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def installed(made: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, installed."""
    there = Installed(tmp_path_factory.mktemp("installed"), made[1])
    there.install()
    return there


def test_the_source_distribution_has_the_dashboard_built_and_nothing_of_a_working_folder(
    made: tuple[Path, Path],
) -> None:
    sdist = made[0]
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {"app/static/index.html", "web/package-lock.json", "dev_setup.py"} <= set(names)
    assert [name for name in names if JUNK.search(name)] == []
    assert sdist.stat().st_size < SDIST_BYTES_MAX


def test_the_wheel_has_what_runs_and_neither_sources_of_the_page_nor_tests(
    made: tuple[Path, Path],
) -> None:
    wheel = made[1]
    names = zipfile.ZipFile(wheel).namelist()
    wanted = {"app/static/index.html", "app/feeds/samples/spx.csv", "pytest_regime_synapse.py"}
    migrations = {
        f"migrations/versions/{path.name}" for path in ROOT.glob("migrations/versions/*.py")
    }
    assert wanted | migrations <= set(names)
    tops = {name.partition("/")[0] for name in names} - {f"regime_synapse-{VERSION}.dist-info"}
    ours = {
        "app",
        "events",
        "migrations",
        "pytest_regime_synapse.py",
        "_regime_synapse_isolated.py",
    }
    assert tops == ours
    assert [name for name in names if JUNK.search(name)] == []
    assert wheel.stat().st_size < WHEEL_BYTES_MAX


def test_without_a_dashboard_and_without_npm_nothing_is_built(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    with tarfile.open(made[0]) as archive:
        kept = [each for each in archive if "/app/static/" not in each.name]
        archive.extractall(tmp_path / "source", members=kept, filter="data")
    (source,) = (tmp_path / "source").iterdir()
    with pytest.raises(AssertionError, match="app/static has no built dashboard"):
        build(source, tmp_path, "wheel", hooks=True)


@pytest.mark.parametrize("program", ["synapse", "regime-synapse", "synapse-check"])
def test_each_program_starts_in_a_folder_that_has_packages_of_our_names(
    installed: Installed, program: str
) -> None:
    if program == "synapse-check":
        assert "certificate" in installed.run(program, "--help")
    else:
        assert installed.run(program, "--version").split()[-1] == VERSION


def test_the_plugin_is_announced_and_loads(installed: Installed) -> None:
    # -I: as pytest's own script has it, the folder that it stands in is no place to import from.
    assert str(installed.folder) in installed.run("python", "-I", "-c", PLUGIN)


def test_a_log_is_made_filled_proved_and_served_with_its_page(installed: Installed) -> None:
    prices = Path("prices.csv")
    days = "".join(f"2020-01-{day:02},{100 + day}\n" for day in range(1, 29))
    (installed.desk / prices).write_text("date,close\n" + days)
    installed.run("synapse", "db", "upgrade", "--db", "own.db")
    installed.run("synapse", "import", str(prices), "--symbol", "OWN", "--db", "own.db")
    assert "proven: 56 events" in installed.run("synapse", "verify", "--db", "own.db")
    with installed.serving("serve", "--db", "own.db") as address:
        assert "OWN" in json.loads(get(f"{address}/api/state"))["symbols"]
        assert json.loads(get(f"{address}/openapi.json"))["info"]["version"] == VERSION
        page = get(f"{address}/")
        parts = re.findall(r'(?:src|href)="(?:\./|/)?(assets/[^"]+\.(?:js|css))"', page)
        assert {part.rpartition(".")[2] for part in parts} == {"js", "css"}
        assert all(get(f"{address}/{part}") for part in parts)


def test_the_demo_starts_with_the_prices_that_the_wheel_brought(installed: Installed) -> None:
    with installed.serving("demo", "--db", "demo.db") as address:
        assert "SPX" in json.loads(get(f"{address}/api/state"))["symbols"]
