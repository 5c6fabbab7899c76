import asyncio

import pytest

from pipeline.ops import test_hook as hooks


def test_nothing_is_active_without_the_variable():
    assert hooks.active({}) == frozenset()
    assert frozenset() == hooks.ACTIVE


def test_several_hooks_are_separated_by_commas():
    assert hooks.active({hooks.VARIABLE: "no_commit_guard,slow_head"}) == {"no_commit_guard", "slow_head"}


def test_a_misspelt_hook_is_refused_before_a_test_proves_nothing():
    with pytest.raises(ValueError, match="no hook no_guard"):
        hooks.active({hooks.VARIABLE: "no_guard"})


def test_without_a_hook_documents_keep_their_ids_and_versions():
    assert hooks.document("a-1", 7, 3) == ("a-1", 7)


def test_a_drawn_id_differs_at_every_look(monkeypatch):
    monkeypatch.setattr(hooks, "ACTIVE", frozenset({"random_id"}))
    assert hooks.document("a-1", 7, 3)[0] != hooks.document("a-1", 7, 3)[0]


def test_an_unawaited_send_counts_as_delivered_before_it_was_sent(monkeypatch):
    monkeypatch.setattr(hooks, "ACTIVE", frozenset({"unawaited_send"}))
    monkeypatch.setattr(hooks, "LATE_SECS", 0.01)
    sent = []

    async def send():
        sent.append(1)
        return asyncio.sleep(0)

    async def main():
        await (await hooks.deliver(b"k", send, is_parsed=True, is_letter=False))
        before = list(sent)
        await (await hooks.deliver(b"k", send, is_parsed=False, is_letter=True))
        letter_at_once = list(sent)
        await asyncio.sleep(0.05)
        return before, letter_at_once

    assert asyncio.run(main()) == ([], [1])
    assert sent == [1, 1]
