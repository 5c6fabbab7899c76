"""Questions a new broker cannot answer at once."""

import pytest
from kafka.errors import CoordinatorNotAvailableError, GroupAuthorizationFailedError

from pipeline.broker import lag


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_a_new_broker_is_asked_again_until_it_has_its_offsets_topic():
    answers = iter([CoordinatorNotAvailableError(), CoordinatorNotAvailableError(), {"g": {}}])

    def ask():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert lag._patiently(ask) == {"g": {}}


def test_patience_ends(monkeypatch):
    monkeypatch.setattr(lag, "COORDINATOR_TIMEOUT_SECS", 0.0)

    def ask():
        raise CoordinatorNotAvailableError

    with pytest.raises(CoordinatorNotAvailableError):
        lag._patiently(ask)


def test_what_no_waiting_mends_is_raised_at_once():
    asked = []

    def ask():
        asked.append(1)
        raise GroupAuthorizationFailedError

    with pytest.raises(GroupAuthorizationFailedError):
        lag._patiently(ask)
    assert len(asked) == 1
