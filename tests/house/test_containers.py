"""What Containerfile and compose.yaml promise: least rights, no secret, one way in, and only what is locked."""

import json
import re
import tomllib
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import yaml  # type: ignore[import-untyped]

from app.access.exposure import Exposure, parse_proxies
from app.config import Settings
from app.main import GOODBYE_S_MAX, exposure_of
from app.serving import SHUTDOWN_S_MAX
from app.stream.deadlines import KEEP_ALIVE_S
from events import notify_hints, postgres
from tests.house.test_supply_chain import versions_of
from tests.house.tree import ROOT

CONTAINERFILE: Final = (ROOT / "Containerfile").read_text("utf-8")
INSTRUCTIONS: Final = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", CONTAINERFILE)).splitlines()
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = ("node-1", "node-2", "migrate")
EXAMPLE: Final = (ROOT / ".env.example").read_text("utf-8")
VARIABLE: Final = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
PINNED: Final = re.compile(r"[a-z-]+:\d[\w.-]*")
PYPROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def said(word: str) -> list[str]:
    """What the Containerfile says after an instruction, each time."""
    return [line.partition(" ")[2].strip() for line in INSTRUCTIONS if line.startswith(f"{word} ")]


def filled(text: str) -> str:
    """A text of compose.yaml with the defaults of what an operator may choose."""
    return VARIABLE.sub(lambda found: (found[3] or "") if found[2] == "-" else "secret", text)


# --- the image ------------------------------------------------------------------------------------


def test_the_image_runs_as_a_number_that_is_not_root_on_the_image_that_it_was_made_on() -> None:
    bases = said("FROM")
    assert [base.split()[0] for base in bases] == ["${PYTHON_IMAGE}"] * 2
    assert said("ARG") == ["PYTHON_IMAGE=python:3.13-slim"]
    (user,) = said("USER")
    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", user)
    assert said("STOPSIGNAL") == ["SIGTERM"]
    assert said("ENTRYPOINT") == ['["synapse"]']


def test_the_image_holds_only_locked_wheels_and_no_word_of_where_they_come_from() -> None:
    installs = [line for line in said("RUN") if " install " in line and "pip" in line]
    assert len(installs) == 2
    assert "--require-hashes --only-binary :all:" in installs[0]
    assert "--no-deps --no-index /wheels/*.whl" in installs[1]
    assert not re.search(r"://|\b(curl|wget|apt|apk|index-url)\b", CONTAINERFILE)
    assert "PIP_NO_CACHE_DIR=1" in CONTAINERFILE


def test_what_is_copied_is_there_and_is_let_through_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_through = {line[1:] for line in ignored if line.startswith("!")} - {"Containerfile"}
    sources = {
        source.rstrip("/")
        for line in said("COPY")
        if "--from" not in line
        for source in line.split()[:-1]
    }
    assert sources == let_through
    assert all((ROOT / source).exists() for source in sources)
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["include"]
    assert {name.removeprefix("/") for name in wheel} <= sources


def test_the_lock_of_the_image_has_the_program_and_both_extras() -> None:
    locked = versions_of("server")
    extras = PYPROJECT["project"]["optional-dependencies"]
    wanted = [*PYPROJECT["project"]["dependencies"], *extras["postgres"], *extras["nats"]]
    names = {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in wanted}
    assert names <= locked.keys()
    in_dev = versions_of("dev")
    assert {name for name, found in locked.items() if found - in_dev[name]} == set()


def test_the_labels_version_is_the_projects() -> None:
    assert f'image.version="{PYPROJECT["project"]["version"]}"' in CONTAINERFILE


# --- the services ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_writes_nowhere_but_in_its_volumes_and_gains_no_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "devices", "pid", "ipc", "network_mode"} & service.keys()
    assert "docker.sock" not in json.dumps(service.get("volumes", []))


@pytest.mark.parametrize("name", OURS)
def test_a_process_of_synapse_has_no_rights_at_all(name: str) -> None:
    service = SERVICES[name]
    assert not {"user", "cap_add", "volumes", "ports"} & service.keys()
    assert all(each.startswith("/tmp:") for each in service["tmpfs"])
    assert service["mem_limit"]
    assert service["pids_limit"]


def test_only_the_balancer_is_reached_and_only_from_this_machine_by_default() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["balancer"]
    assert [filled(port) for port in published["balancer"]] == ["127.0.0.1:8443:443"]


def test_database_and_nats_are_on_a_network_without_a_way_out() -> None:
    assert COMPOSE["networks"]["back"]["internal"] is True
    assert {name for name, each in SERVICES.items() if "back" in each["networks"]} == {
        *OURS,
        "db",
        "nats",
    }
    assert {name for name, each in SERVICES.items() if "front" in each["networks"]} == {
        "node-1",
        "node-2",
        "balancer",
    }


def test_images_of_others_are_of_one_major_version() -> None:
    images = {name: service["image"] for name, service in SERVICES.items()}
    ours = {images.pop(name) for name in OURS}
    assert len(ours) == 1, "all of one image"
    assert all(PINNED.fullmatch(image) for image in images.values()), images


@pytest.mark.parametrize("image", ["postgres", "postgres:latest", "docker.example/postgres:17"])
def test_an_image_of_no_version_or_of_a_host_would_be_found(image: str) -> None:
    assert not PINNED.fullmatch(image)


def test_every_secret_comes_from_the_environment_and_without_one_nothing_starts() -> None:
    values = {
        name: str(value)
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if re.search(r"PASSWORD|TOKEN|URL", name)
    }
    assert {name for name, value in values.items() if ":?" not in value} == set()
    asked = {found[1]: found[2] for found in VARIABLE.finditer(json.dumps(COMPOSE))}
    required = {name for name, mark in asked.items() if mark == "?"}
    assert required == {"SYNAPSE_TOKEN", "POSTGRES_PASSWORD", "NATS_PASSWORD"}
    assert set(re.findall(r"(?m)^(\w+)=$", EXAMPLE)) == required, "named there, and empty"
    assert set(re.findall(r"(?m)^#(\w+)=", EXAMPLE)) == asked.keys() - required
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_nobody_comes_to_the_database_as_its_superuser() -> None:
    environment = SERVICES["db"]["environment"]
    # The image's superuser is `postgres` then; the script takes its password (tests/integration/test_compose_database.py).
    assert not {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_HOST_AUTH_METHOD"} & environment.keys()
    (script,) = [each for each in SERVICES["db"]["volumes"] if "initdb.d" in each]
    assert script == "./deploy/compose/database.sql:/docker-entrypoint-initdb.d/synapse.sql:ro"
    sql = (ROOT / "deploy/compose/database.sql").read_text("utf-8")
    assert set(re.findall(r"\\getenv \w+ (\w+)", sql)) == environment.keys()
    assert "CREATE ROLE synapse LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE" in sql
    assert "CREATE DATABASE synapse OWNER synapse;" in sql
    for name in OURS:
        url = urlsplit(filled(SERVICES[name]["environment"]["SYNAPSE_DATABASE_URL"]))
        assert (url.username, url.hostname, url.path) == ("synapse", "db", "/synapse")


def test_nodes_start_after_the_migration_and_the_migration_after_the_database() -> None:
    assert SERVICES["migrate"]["command"] == ["db", "upgrade"]
    assert SERVICES["migrate"]["restart"] == "no"
    assert SERVICES["migrate"]["depends_on"]["db"] == {"condition": "service_healthy"}
    for name in ("node-1", "node-2"):
        done = {"condition": "service_completed_successfully"}
        assert SERVICES[name]["depends_on"]["migrate"] == done
    assert "healthcheck" in SERVICES["db"]


def test_a_node_would_start_with_its_settings_and_believes_the_balancers_network_alone() -> None:
    told = {name: filled(value) for name, value in SERVICES["node-1"]["environment"].items()}
    assert SERVICES["node-2"]["environment"] == SERVICES["node-1"]["environment"]
    known = {f"SYNAPSE_{name.upper()}" for name in Settings.model_fields}
    (of_image,) = [line for line in said("ENV") if "SYNAPSE_" in line]
    assert told.keys() | set(re.findall(r"SYNAPSE_\w+(?==)", of_image)) <= known
    proxies = parse_proxies(told["SYNAPSE_TRUSTED_PROXIES"])
    (front,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert list(proxies) == [filled(front["subnet"])]
    exposure = Exposure(told["SYNAPSE_HOST"], False, proxies, None, 64)
    assert exposure.problem() is None
    assert exposure.needs_tls
    assert not exposure.opens_reading


def test_a_node_with_the_settings_that_the_page_names_starts_and_is_reached_by_its_balancer() -> (
    None
):
    first = (ROOT / "docs/nodes.md").read_text("utf-8").partition("\n## ")[0]
    named = dict(re.findall(r"\b(SYNAPSE_\w+)=(\S+)", first))
    told = {name.removeprefix("SYNAPSE_").lower(): value for name, value in named.items()}
    exposure = exposure_of(Settings.model_validate(told))
    assert exposure.problem() is None
    assert not exposure.is_local
    assert exposure.needs_tls
    assert {"database_url", "token", "allowed_hosts"} <= told.keys(), "the same on each node"


def test_the_balancer_knows_every_node_and_lets_go_of_a_connection_before_it_does() -> None:
    nodes = {f"{name}:8000" for name in SERVICES if name.startswith("node-")}
    assert set(SERVICES["balancer"]["environment"]["NODES"].split()) == nodes
    caddyfile = (ROOT / "deploy/compose/Caddyfile").read_text("utf-8")
    asked = set(re.findall(r"\{\$(\w+)", caddyfile))
    assert asked == SERVICES["balancer"]["environment"].keys()
    kept = re.search(r"\bkeepalive (\d+)s\n", caddyfile)
    assert kept is not None
    assert int(kept[1]) < KEEP_ALIVE_S


# --- whether it is well ---------------------------------------------------------------------------


def test_image_and_services_ask_the_server_by_its_settings_and_set_them_by_no_flag() -> None:
    (of_image,) = said("HEALTHCHECK")
    check = ["python", "-Im", "app.health_check"]  # tests/integration/test_health_check.py runs it
    assert json.loads(of_image[of_image.index("CMD ") + 4 :]) == check
    for name in ("node-1", "node-2"):
        assert SERVICES[name]["healthcheck"]["test"] == ["CMD", *check]
        assert not {"--host", "--port"} & set(SERVICES[name]["command"])
    assert not {"--host", "--port"} & set(json.loads(said("CMD")[0]))


def test_a_node_has_time_to_stop() -> None:
    needs_s = (
        GOODBYE_S_MAX + SHUTDOWN_S_MAX + 2 * postgres.CLOSE_S_MAX + 2 * notify_hints.CLOSE_S_MAX
    )
    for name in ("node-1", "node-2"):
        assert float(SERVICES[name]["stop_grace_period"].removesuffix("s")) > needs_s
