"""The certificate for people: a table in a terminal, plain lines elsewhere."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from app.check.certificate import Certificate, Outcome

_STYLES = {Outcome.PASSED: "bold green", Outcome.FAILED: "bold red", Outcome.INTERRUPTED: "yellow"}


class _Shell(Console):
    def on_broken_pipe(self) -> None:
        """Say so, where the console alone would end the program."""
        raise BrokenPipeError


def shell() -> Console:
    """Standard output."""
    return _Shell(highlight=False)


def show(one: Certificate, console: Console) -> None:
    """Print a certificate."""
    if console.is_terminal:
        table = Table(show_header=False, title="synapse-check", title_justify="left")
        for name, text in lines(one):
            style = "red" if name in one.faults and text != "0" else None
            table.add_row(name, text, style=style)
        console.print(table)
    else:
        for name, text in lines(one):
            console.out(f"{name:<14} {text}")
    for finding in one.findings:
        place = f" ({finding.stream} version {finding.version})" if finding.stream else ""
        console.out(f"  {finding.fault}: {finding.who}: {finding.text}{place}")
    if more := one.findings_in_all - len(one.findings):
        console.out(f"  and {more} more")
    console.print(one.outcome.value, style=_STYLES[one.outcome])


def lines(one: Certificate) -> Iterator[tuple[str, str]]:
    """The certificate, a name and a text each; the findings and the verdict come after them."""
    server, writing, reading = one.server, one.writing, one.reading
    version = f"version {server.version}, " if server.version else ""
    yield "server", f"{server.url}, {version}epoch {server.epoch}"
    yield "log", f"positions {server.begin + 1} to {server.head}"
    yield (
        "run",
        f"{one.run}, seed {one.seed}, {one.started_at:%Y-%m-%d %H:%M:%S} UTC, {one.took_s} s",
    )
    asked = f"{writing.requests} requests, {writing.retries} sent again unanswered"
    yield "writers", f"{writing.writers}, {asked}, {writing.repeats} though answered"
    sent = f"{writing.prices_sent} sent, {writing.prices_acknowledged} acknowledged"
    yield "prices", f"{sent}, {writing.unacknowledged_but_recorded} recorded without an answer"
    kinds = ", ".join(f"{count} {kind}" for kind, count in reading.kinds.items())
    yield "subscribers", f"{kinds or 'none'}; connections: {reading.connections}"
    yield "events", f"{one.events_written} written, {reading.events_delivered} delivered"
    for fault, count in one.faults.items():
        yield str(fault), str(count)
    if one.unseen:
        yield "not seen", "; ".join(one.unseen)
    if one.latency is not None:
        median, p99 = one.latency.median_ms, one.latency.p99_ms
        yield "latency", f"median {median} ms, p99 {p99} ms (end to end, at full load)"
