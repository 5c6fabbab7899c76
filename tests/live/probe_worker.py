"""A worker with two small stages that do as the records tell them. Run as a process of its own by the live tests.

`python -m tests.live.probe_worker`; settings come from the environment, as for `accordwire work`.
Raw values are JSON: {"do": "pass" | "reject" | "raise" | "large" | "doze", "text": …}. Keys that begin with `hang` or
`slow` have their deliveries held back for ever, or for PROBE_SLOW_SECS.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

import msgspec

from pipeline import settings as configuration
from pipeline import topics
from pipeline.errors import AccordwireError, Reject
from pipeline.stages.contract import Outcome, Outgoing, Verdict
from pipeline.worker import run
from pipeline.worker.agent import StageAgent

OBEDIENT = os.environ.get("PROBE_OBEDIENT", "1") == "1"
SLOW_SECS = float(os.environ.get("PROBE_SLOW_SECS", "0"))


class Note(msgspec.Struct, frozen=True):
    text: str
    do: str = "pass"
    schema_version: int = 1


class Pass:
    """raw → parsed."""

    name = "pass"
    reads = topics.RAW
    rebuild_from = ()

    def handle(self, key, value):
        try:
            note = msgspec.json.decode(value, type=Note)
        except msgspec.DecodeError as problem:
            raise Reject(str(problem), reason="undecodable") from problem
        if OBEDIENT and note.do == "reject":
            raise Reject("told to", reason="told", where="$.do")
        if OBEDIENT and note.do == "raise":
            raise RuntimeError("told to")
        if note.do == "doze":
            time.sleep(0.02)
        text = "x" * topics.MAX_MESSAGE_BYTES if note.do == "large" else note.text
        return Outcome(Verdict.PLAIN, ((Outgoing(topics.PARSED, key, Note(text), len(note.text)),),))

    def reset(self):
        pass

    def restore(self, topic, key, value):
        raise AssertionError

    def gauges(self):
        return {}


class Late(Pass):
    """backfill → parsed, giving way to raw."""

    name = "late"
    reads = topics.BACKFILL
    yields_to = topics.RAW


class Once:
    """parsed → article, then signature: only for keys never seen, which it knows from the signatures."""

    name = "once"
    reads = topics.PARSED
    rebuild_from = (topics.SIGNATURE,)

    def __init__(self):
        self.seen = {}

    def handle(self, key, value):
        note = msgspec.json.decode(value, type=Note)
        if key in self.seen:
            return Outcome(Verdict.UNCHANGED)
        self.seen[key] = note.text
        article = Outgoing(topics.ARTICLE, key, note)
        return Outcome(Verdict.UNIQUE, ((article, article), (Outgoing(topics.SIGNATURE, key, note),)))

    def reset(self):
        self.seen.clear()

    def restore(self, topic, key, value):
        try:
            self.seen[key] = msgspec.json.decode(value or b"", type=Note).text
        except msgspec.DecodeError as problem:
            raise Reject(str(problem), reason="undecodable") from problem

    def gauges(self):
        return {"seen": float(len(self.seen))}


send = StageAgent.send


async def held_back(agent, packet):
    if packet.key.startswith(b"hang"):
        await asyncio.Event().wait()
    if packet.key.startswith(b"slow") and SLOW_SECS:

        async def later():
            await asyncio.sleep(SLOW_SECS)
            await (await send(agent, packet))

        return asyncio.create_task(later())
    return await send(agent, packet)


StageAgent.send = held_back

if __name__ == "__main__":
    try:
        sys.exit(run(configuration.load(Path("config")), Path("config"), stages=[Pass(), Late(), Once()]))
    except AccordwireError as problem:
        print(problem, file=sys.stderr)
        sys.exit(int(problem.exit_code))
