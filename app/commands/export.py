"""`synapse export`: the log as a file, from where it lies or from a server; checked, and continued."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.analysis.export import TABLES, ExportFormat
from app.commands.ask import CHECK_FAILED, Db, Json, Since, Token, Until, Url, print_json
from app.config import Settings
from app.database_url import database_of
from app.exporting.asked import Asked
from app.exporting.check import file_findings
from app.exporting.engine import SUFFIXES
from app.exporting.manifest import Kept, Manifest, manifest_place
from app.exporting.progress import shown_progress
from app.exporting.proof import Proof, proof_of
from app.exporting.save import OnProgress, Target, pour, save
from app.exporting.sources import Source, StoreSource, refuse_another, refuse_unknown
from app.moments import parse_bound
from app.new_file import RefusedToReplace
from events.catalog import CATALOG, Channel

STANDARD_OUTPUT: Final = "-"
_ENDINGS: Final = {f".{suffix}": format_ for format_, suffix in SUFFIXES.items()} | {
    ".jsonl": ExportFormat.NDJSON,
}
_SELECTING: Final = "Which events"

File = Annotated[
    str | None,
    typer.Argument(metavar="FILE|-", help="Where to; - for standard output.", show_default=False),
]
Format = Annotated[
    ExportFormat | None,
    typer.Option("--format", help="Default: what FILE ends with; ndjson for -."),
]
After = Annotated[
    int | None, typer.Option(min=0, help="Beyond this position.", rich_help_panel=_SELECTING)
]
Before = Annotated[
    int | None, typer.Option(min=0, help="Before this position.", rich_help_panel=_SELECTING)
]
Channels = Annotated[
    list[Channel] | None,
    typer.Option(help="Of this channel; may be repeated.", rich_help_panel=_SELECTING),
]
Symbols = Annotated[
    list[str] | None,
    typer.Option(
        "--symbol", "-s", help="Of this symbol; may be repeated.", rich_help_panel=_SELECTING
    ),
]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", help="Of this type; may be repeated.", rich_help_panel=_SELECTING),
]
Limit = Annotated[
    int | None, typer.Option(min=1, help="At most so many events.", rich_help_panel=_SELECTING)
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace FILE and its manifest if they exist.")
]
Continue = Annotated[
    Path | None,
    typer.Option(
        "--continue",
        metavar="MANIFEST",
        help="Go on where this export ended, with its selection; refused if the log is another one.",
    ),
]
Check = Annotated[
    Path | None,
    typer.Option(
        metavar="MANIFEST",
        help="Hold an export against its manifest, and, encoded once more, against the log.",
    ),
]
WithoutLog = Annotated[
    bool, typer.Option("--without-log", help="With --check: against its manifest alone.")
]


@dataclass(frozen=True, slots=True)
class _Where:
    """The log, as the options name it."""

    db: str | None
    url: str | None
    token: str | None

    def settings(self) -> Settings:
        """Those of a log that is read here."""
        return Settings() if self.db is None else Settings(database_url=self.db)


def register(app: typer.Typer) -> None:
    """Put this command on the program."""
    app.command("export")(export_command)


def export_command(  # noqa: PLR0913, PLR0917  # one parameter for each option
    file: File = None,
    format_: Format = None,
    since: Since = None,
    until: Until = None,
    after: After = None,
    before: Before = None,
    channel: Channels = None,
    symbol: Symbols = None,
    type_: Types = None,
    limit: Limit = None,
    force: Force = False,
    continue_: Continue = None,
    check: Check = None,
    without_log: WithoutLog = False,
    db: Db = None,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Write the log, or a part of it, to FILE, and FILE.manifest.json beside it, which proves it."""
    where = None if without_log else _Where(db, url, token)
    asked = Asked(
        after=after or 0,
        before=before,
        since=_bound("--since", since, end=False),
        until=_bound("--until", until, end=True),
        channels=channel and [each.value for each in channel],
        symbols=symbol,
        types=_known_types(type_),
        limit=limit,
    )
    if check is not None:
        if file is not None or continue_ is not None or asked != Asked():
            raise typer.BadParameter(
                "--check takes no FILE and no selection: the manifest has them"
            )
        _check(check, where, as_json=as_json)
        return
    if where is None:
        raise typer.BadParameter("--without-log goes with --check")
    if file is None:
        raise typer.BadParameter("name a FILE, or - for standard output")
    previous = None if continue_ is None else Kept.load(continue_)
    if previous is not None:
        asked = _continued(previous, asked, after)
    chosen = format_ or _format_of(file)
    if file == STANDARD_OUTPUT:
        _refuse_on_output(chosen, as_json=as_json)
        asyncio.run(_pour(where, chosen, asked, previous))
        return
    target = Target(Path(file), chosen, force, previous)
    with shown_progress() as on_progress:
        manifest = asyncio.run(_save(where, asked, target, on_progress))
    _tell(manifest, target.file, as_json=as_json)


def _bound(option: str, value: str | None, *, end: bool) -> Any:
    try:
        return None if value is None else parse_bound(value, end=end)
    except ValueError as error:
        raise typer.BadParameter(f"{option} {error}") from None


def _known_types(types: list[str] | None) -> list[str] | None:
    for name in types or ():
        if name not in CATALOG:
            raise typer.BadParameter(f"no type {name}: there are {', '.join(CATALOG)}")
    return types


def _continued(previous: Kept, asked: Asked, after: int | None) -> Asked:
    ends = Asked(before=asked.before, limit=asked.limit)
    if asked != ends or after is not None:
        raise typer.BadParameter(
            "--continue goes on with the selection of the manifest: only --before and --limit go with it"
        )
    return replace(previous.asked(), before=asked.before, limit=asked.limit)


def _format_of(file: str) -> ExportFormat:
    if file == STANDARD_OUTPUT:
        return ExportFormat.NDJSON
    for ending, format_ in _ENDINGS.items():
        if file.lower().endswith(ending):
            return format_
    raise typer.BadParameter(
        f"{file} does not end with {', '.join(sorted(_ENDINGS))}: name its format with --format"
    )


def _refuse_on_output(format_: ExportFormat, *, as_json: bool) -> None:
    if as_json:
        raise typer.BadParameter("--json tells about a FILE: standard output has the events")
    if format_ in TABLES and sys.stdout.isatty():
        raise typer.BadParameter(f"{format_.value} is nothing to read: name a FILE, or pipe it on")


@asynccontextmanager
async def _opened(where: _Where) -> AsyncIterator[Source]:
    if where.url is None:
        from app.opened import open_reader

        reader = await open_reader(where.settings())
        try:
            yield StoreSource(reader.log.store)
        finally:
            await reader.log.close()
        return
    if where.db is not None:
        raise typer.BadParameter("give either --db or --url, not both")
    if not where.url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"--url must look like http://127.0.0.1:8000, not {where.url!r}")
    import httpx

    from app.exporting.remote import SILENCE_S_MAX, ServerSource

    headers = {} if where.token is None else {"Authorization": f"Bearer {where.token}"}
    async with httpx.AsyncClient(
        base_url=where.url, headers=headers, timeout=SILENCE_S_MAX
    ) as http:
        yield ServerSource(http)


async def _ready(source: Source, asked: Asked, previous: Kept | None) -> None:
    asked.check()
    if previous is not None:
        await refuse_another(source, previous.manifest)
    elif asked.symbols:
        await refuse_unknown(source, asked.symbols)


async def _save(where: _Where, asked: Asked, target: Target, on_progress: OnProgress) -> Manifest:
    _refuse_log(where, target)
    target.check()
    async with _opened(where) as source:
        await _ready(source, asked, target.previous)
        return await save(source, asked, target, on_progress)


def _refuse_log(where: _Where, target: Target) -> None:
    """Not even by force."""
    log = None if where.url else database_of(where.settings().database_url)
    places = (target.file, manifest_place(target.file))
    if not isinstance(log, Path) or not log.exists():
        return
    if any(place.exists() and place.samefile(log) for place in places):
        raise RefusedToReplace(f"{target.file} is the log itself: name another file")


async def _pour(where: _Where, format_: ExportFormat, asked: Asked, previous: Kept | None) -> None:
    async with _opened(where) as source:
        await _ready(source, asked, previous)
        try:
            await pour(source, format_, asked, sys.stdout.buffer)
        except BrokenPipeError:
            # Whoever read has enough, as `head` has. What Python would still write goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check(place: Path, where: _Where | None, *, as_json: bool) -> None:
    kept = Kept.load(place)
    if where is None:
        proof = Proof(file_findings(kept))
    else:
        with shown_progress(doing="Checking") as on_progress:
            proof = asyncio.run(_proof(kept, where, on_progress))
    findings = proof.findings
    if as_json:
        shown = [{"what": each.what, "text": each.text} for each in findings]
        looked = {"log_checked": where is not None, "compared": proof.compared}
        print_json(
            {"ok": not findings, "findings": shown, **looked, "manifest": kept.manifest.fields()}
        )
    elif findings:
        typer.echo(f"NOT PROVEN: {place}")
        for each in findings:
            typer.echo(f"  {each.what}: {each.text}")
    else:
        typer.echo("\n".join(_checked(kept, proof, where)))
    if findings:
        raise typer.Exit(CHECK_FAILED)


async def _proof(kept: Kept, where: _Where, on_progress: OnProgress) -> Proof:
    async with _opened(where) as source:
        return await proof_of(source, kept, on_progress)


_SAME: Final = {
    "bytes": "what the manifest selects, encoded again from the log, is this file, byte for byte",
    "table": "what the manifest selects, encoded again from the log, is the same table, value for value"
    " (its bytes are others: another pyarrow, or another program, wrote it)",
}


def _checked(kept: Kept, proof: Proof, where: _Where | None) -> Iterator[str]:
    """What was looked at, and found to be as it must be."""
    manifest = kept.manifest
    verdict = "agrees with its manifest, NOT PROVEN against a log" if where is None else "proven"
    yield f"{verdict}: {kept.file}"
    yield f"  file: {_held(manifest)}, SHA-256 {manifest.sha256}: as the manifest tells"
    if manifest.previous is not None:
        before = kept.place.with_name(Path(manifest.previous.manifest).name)
        joins = "it begins where that ends" if before.is_file() else "not here, so not looked at"
        yield f"  goes on after: {before.name}: {joins}"
    if proof.compared is None:
        yield "  log: not looked at; whoever changed the file can have changed the manifest"
        return
    hashes = "the same hashes at both ends and at the head then"
    if manifest.to_hash is None:
        hashes = "NO HASHES: its token does not cover all channels"
    yield f"  log: {_covered(manifest)}: the same lifetime, {hashes}"
    yield f"  contents: {_SAME[proof.compared]}"


def _tell(manifest: Manifest, file: Path, *, as_json: bool) -> None:
    if as_json:
        print_json(manifest.fields())
    else:
        typer.echo(f"written: {file}")
        typer.echo(f"  file: {_held(manifest)}, SHA-256 {manifest.sha256}")
        typer.echo(f"  log: {_covered(manifest)}, hash {manifest.to_hash or 'not told'}")


def _held(manifest: Manifest) -> str:
    noun = "event" if manifest.events == 1 else "events"
    between = f" (positions {manifest.first_position} to {manifest.last_position})"
    return f"{manifest.events} {noun}{between if manifest.events else ''}, {manifest.bytes} bytes"


def _covered(manifest: Manifest) -> str:
    return f"all that matches in positions {manifest.start + 1} to {manifest.to} of epoch {manifest.epoch}"
