"""`python -m app.stream.generate [--check]`: writes the dashboard's types from the server's models."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from app.market.persona import DEFAULT_PERSONA, PERSONAS
from app.stream.protocol import (
    CLIENT_MESSAGES,
    CONTROL_MESSAGES,
    EVENT_MESSAGES,
    PROTOCOL_VERSION,
    ClientMessage,
    EventMessage,
    PingPayload,
    PongPayload,
    ServerMessage,
)
from app.stream.replay_protocol import REPLAY_COMMANDS, REPLAY_CONTROL
from app.stream.typescript import Family, Wire, render

ROOT: Final = Path(__file__).resolve().parents[2]
TARGET: Final = Path("web/src/synapse/generated.ts")


def wire() -> Wire:
    """The wire as it is now, with the personas."""
    return Wire(
        families=(
            Family("ClientMessage", CLIENT_MESSAGES, ClientMessage[PingPayload], guarded=False),
            Family("ServerControl", CONTROL_MESSAGES, ServerMessage[PongPayload], guarded=True),
            Family("ReplayCommand", REPLAY_COMMANDS, ClientMessage[PingPayload], guarded=False),
            Family("ReplayControl", REPLAY_CONTROL, ServerMessage[PongPayload], guarded=True),
            Family("ServerEvent", EVENT_MESSAGES, EventMessage[PongPayload], guarded=True),
        ),
        constants={
            "PROTOCOL_VERSION": PROTOCOL_VERSION,
            "DEFAULT_PERSONA": DEFAULT_PERSONA,
            "PERSONAS": _personas(),
        },
    )


def _personas() -> dict[str, Any]:
    return {
        key: {
            "name": persona.name,
            "lines": {
                regime.value: {"vibe": line.vibe, "look": line.look, "message": line.message}
                for regime, line in persona.lines.items()
            },
        }
        for key, persona in PERSONAS.items()
    }


def stale(root: Path = ROOT) -> bool:
    """Whether the file below `root` differs from what would be written now."""
    target = root / TARGET
    return not target.is_file() or target.read_text(encoding="utf-8") != render(wire())


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write the file, or with `--check` only look at it.

    Returns:
        0 fine, 1 the file is stale, 2 wrong use.
    """
    if arguments and list(arguments) != ["--check"]:
        sys.stderr.write("usage: python -m app.stream.generate [--check]\n")
        return 2
    if not stale(root):
        return 0
    if arguments:
        sys.stderr.write(f"{TARGET} is stale: run python -m app.stream.generate\n")
        return 1
    target = root / TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render(wire()), encoding="utf-8", newline="\n")
    sys.stdout.write(f"wrote {TARGET}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
