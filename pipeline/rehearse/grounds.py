"""Which servers a rehearsal stands on. Called by `accordwire rehearse` and the live tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.rehearse import servers
from pipeline.rehearse.cluster import three_of_each
from pipeline.rehearse.servers import Ground
from pipeline.settings import Settings


@contextmanager
def ground(settings: Settings, *, own: bool, cluster: bool, say: Callable[[str], None]) -> Iterator[Ground]:
    """The configured servers, one of each of our own, or three of each. Raises Unavailable, ConfigError."""
    if not own:
        yield Ground(settings)
        return
    say("starting three brokers and three index nodes …" if cluster else "starting servers …")
    with (three_of_each if cluster else servers.own)(settings) as made:
        yield made
