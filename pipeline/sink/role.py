"""The role `accordwire sink`: puts the loop together, waits for the index, answers /live /ready /metrics."""

import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from elasticsearch import Elasticsearch

from pipeline.broker.consumer import Consumer
from pipeline.broker.producer import Producer
from pipeline.errors import ExitCode, Unavailable
from pipeline.index import manage
from pipeline.index.client import connect, speaking_plainly
from pipeline.index.document import Documents
from pipeline.ops import health as vitals
from pipeline.ops import logging as logs
from pipeline.ops import test_hook
from pipeline.settings import Settings
from pipeline.sink.bulk import Bulk
from pipeline.sink.letters import Letters
from pipeline.sink.loop import Loop
from pipeline.sink.prepare import TOPICS, Preparer
from pipeline.sink.router import Router

log = logging.getLogger(__name__)

ROLE = "sink"
# Above the longest a healthy round may take: a rebalance with its hand-over, a commit, dead letters.
LIVE_LIMIT_SECS = 120.0
INDEX_RETRY_SECS = 2.0


def run(settings: Settings, config_dir: Path) -> int:
    """Work until SIGTERM or SIGINT; returns the exit code. Raises AccordwireError where it cannot work at all."""
    logs.configure(ROLE, settings)
    test_hook.announce()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    heart = vitals.Heartbeat(LIVE_LIMIT_SECS)
    health = vitals.Health(ROLE)
    health.live("loop", heart.check)
    waiting: list[str | None] = ["starting"]
    health.ready("start", lambda: waiting[0])
    vitals.serve(health, settings, vitals.run_dir(settings))
    with connect(settings) as client:
        documents = Documents.load(config_dir)
        if not _index_is_there(client, settings, stop, heart.beat, waiting):
            return int(ExitCode.GOOD)
        with Producer(settings, client=ROLE) as producer:
            _work(settings, documents, client, producer, health, stop, heart.beat, waiting)
    log.info("stopped")
    return int(ExitCode.GOOD)


def _index_is_there(
    client: Elasticsearch,
    settings: Settings,
    stop: threading.Event,
    beat: Callable[[], None],
    waiting: list[str | None],
) -> bool:
    """Wait for Elasticsearch; False if told to stop meanwhile. Raises Fatal where its templates are not ours."""
    while not stop.is_set():
        beat()
        try:
            with speaking_plainly(settings):
                manage.check(client, settings)
        except Unavailable as problem:
            if waiting[0] != str(problem):
                log.warning("waiting for the index", extra={"reason": str(problem)})
            waiting[0] = str(problem)
            stop.wait(INDEX_RETRY_SECS)
            continue
        return True
    return False


def _work(
    settings: Settings,
    documents: Documents,
    client: Elasticsearch,
    producer: Producer,
    health: vitals.Health,
    stop: threading.Event,
    beat: Callable[[], None],
    waiting: list[str | None],
) -> None:
    router = Router(client, settings, documents)
    bulk = Bulk(client, settings, router, stop)
    loop = Loop(
        settings,
        preparer=Preparer(settings, documents),
        bulk=bulk,
        router=router,
        letters=Letters(settings, producer),
        beat=beat,
    )
    health.ready("index", lambda: bulk.trouble)
    health.ready("group", lambda: None if loop.has_joined else "has not joined its consumer group yet")
    consumer = Consumer(
        settings,
        group=settings.sink.group,
        topics=TOPICS,
        instance=settings.sink.instance_id,
        on_revoked=loop.revoked,
        on_assigned=loop.assigned,
    )
    loop.attach(consumer)
    waiting[0] = None
    try:
        loop.run(stop)
    finally:
        consumer.close()
