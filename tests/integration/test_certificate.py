"""The certificate's harness over real servers: ours and JetStream, each killed on the way."""

# covers: app.check.history, app.check.run

from pathlib import Path

from app.check.certificate import Outcome
from benchmarks import certificate_jetstream, certificate_ours
from benchmarks.certificate_history import verdict_on
from benchmarks.certificate_load import Kind, Load

LOAD = Load(writers=3, each=40, of_each_kind=1, reconnect_every=10, seed=5)


async def test_jetstream_misses_and_loses_nothing_over_kills(tmp_path: Path) -> None:
    nats = certificate_jetstream.server(tmp_path, synced=False)
    nats.start()
    try:
        history = await certificate_jetstream.run(nats, LOAD, kills=True)
    finally:
        nats.stop()
    found = verdict_on(history)
    # Its client may double what comes when it is cut off before a first message: docs/correctness.md.
    assert [one for one in found.findings if one.fault != "doubled"] == []
    assert len(history.stored) == LOAD.events
    assert all(write.acknowledged for write in history.writes)
    assert {view.kind for view in history.views} == set(Kind)


def test_ours_passes_over_kills(tmp_path: Path) -> None:
    load = certificate_ours.OurLoad(writers=3, prices=90, subscribers=4, reconnect_every=20, seed=5)
    with certificate_ours.nodes(tmp_path, str(tmp_path / "synapse.db"), 1) as serving:
        found = certificate_ours.run(serving, load, kills=True)
    assert (found.outcome, found.findings) == (Outcome.PASSED, [])
    assert found.writing.prices_acknowledged == 90
