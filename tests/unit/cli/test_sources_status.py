"""`accordwire sources status`: what a row says of a source that was paused, disabled, never asked."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import Source
from pipeline.cli.sources_status import _row
from pipeline.models.codes import HealthState
from pipeline.models.source_state import Health, SourcePause, SourceState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEYS = ["id", "state", "since", "detail", "advice", "last_ok", "last_new", "next_due", "items_24h"]


def source(**given):
    return Source(id="aa-tr", publisher="AA", url="https://a.org/", **given)


def known(state=HealthState.OK):
    return SourceState(source_id="aa-tr", updated_at=NOW, polls=3, health=Health(state=state), next_due=NOW)


@pytest.mark.parametrize("state", list(HealthState))
def test_every_state_is_shown_under_the_keys_scripts_read(state):
    row = _row(source(), known(state), None, NOW)
    assert list(row)[: len(KEYS)] == KEYS
    assert row["state"] == str(state)


def test_a_pause_says_who_since_when_until_when_and_how_to_resume():
    pause = SourcePause(source_id="aa-tr", since=NOW, until=NOW + timedelta(hours=2), by="ayse")
    row = _row(source(), known(), pause, NOW)
    assert (row["state"], row["since"], row["next_due"]) == ("paused", "2026-03-01T12:00:00Z", "2026-03-01T14:00:00Z")
    assert row["detail"] == "paused by ayse until 2026-03-01T14:00:00Z"
    assert row["advice"] == "run: accordwire sources resume aa-tr"


def test_a_pause_that_is_over_is_not_shown():
    pause = SourcePause(source_id="aa-tr", since=NOW - timedelta(hours=3), until=NOW)
    assert _row(source(), known(), pause, NOW)["state"] == "ok"


def test_a_disabled_source_is_disabled_whatever_else():
    row = _row(source(enabled=False), known(), SourcePause(source_id="aa-tr", since=NOW), NOW)
    assert (row["detail"], row["next_due"]) == ("disabled in its file", None)


def test_a_paused_source_nobody_ever_asked_is_paused():
    row = _row(source(), None, SourcePause(source_id="aa-tr", since=NOW), NOW)
    assert (row["state"], row["detail"], row["polls"]) == ("paused", "paused", 0)
