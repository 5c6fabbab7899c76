"""The faults, as a table: how each is inflicted, how long it lasts, how it is ended. Called by run and matrix.

A new fault is a line in `FAULTS` and two functions of the scene.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from pipeline import topics
from pipeline.broker import consumer, rewind
from pipeline.broker.producer import Producer
from pipeline.errors import Fatal
from pipeline.index.client import connect, speaking_plainly
from pipeline.index.document import AGREEMENTS, ARTICLES
from pipeline.ops import test_hook
from pipeline.ops.failpoint import KILLED
from pipeline.rehearse import proxy
from pipeline.rehearse.ledger import Kind, Planned
from pipeline.rehearse.scene import Scene
from pipeline.rehearse.servers import Machine

Act = Callable[[Scene], None]
FAILPOINT_TIMEOUT_SECS = 90.0
FROZEN_SECS = 90.0
OUTAGE_SECS = 60.0
SLOW_HEADS = {test_hook.VARIABLE: test_hook.SLOW_HEAD}


def _nothing(_scene: Scene) -> None:
    pass


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault. `hold_secs` is how long it lasts (least, most); `times` how often one run suffers it."""

    name: str
    inflict: Act
    mend: Act = _nothing
    hold_secs: tuple[float, float] = (0.0, 0.0)
    around_secs: float = 5.0
    """How long the load of one part lasts beside the fault."""
    times: int = 3
    slow: bool = False
    """Lasts minutes; not among `quick`."""
    own_servers: bool = False
    """Kills or freezes a server."""
    cluster: bool = False
    """Needs three of each server."""
    proxied: bool = False
    through_connect: bool = False
    environment: dict[str, str] = {}
    """Of the roles, all the time."""


def _kill(name: str) -> Act:
    def inflict(scene: Scene) -> None:
        scene.roles[name].kill()
        scene.kills += 1
        scene.roles[name].start()

    return inflict


def _kill_at_slow_head(scene: Scene) -> None:
    """When commits have had time to pass a record that is late."""
    scene.tend(4.0)
    _kill("work")(scene)


def _stop(name: str) -> Act:
    def inflict(scene: Scene) -> None:
        scene.roles[name].stop()
        scene.roles[name].start()

    return inflict


def _die_at(name: str, point: str, most: int) -> Act:
    """Restart the role so that it dies at the point's n-th pass, then restart it without."""

    def inflict(scene: Scene) -> None:
        role = scene.roles[name]
        role.kill()
        role.start({"ACCORDWIRE_FAILPOINT": f"{point}:{scene.rng.randint(1, most)}"})
        code = role.wait_for_end(FAILPOINT_TIMEOUT_SECS)
        if code != KILLED:
            raise Fatal(f"{name} did not die at {point} but {code}:\n{role.last_words()}", reason="failpoint")
        scene.kills += 2
        role.start()

    return inflict


def _freeze_worker(scene: Scene) -> None:
    """A second worker takes over what the first holds: when that wakes, its work is somebody else's."""
    if not any(name.startswith("work-") for name in scene.roles):
        scene.add_worker()
    scene.roles["work"].freeze()


def _drop_worker(scene: Scene) -> None:
    name = next(name for name in scene.roles if name.startswith("work-"))
    scene.roles.pop(name).stop()


def _add_worker(scene: Scene) -> None:
    scene.add_worker()


def _machine(scene: Scene, kind: str) -> Machine:
    """The next one in turn."""
    machines: tuple[Machine, ...] = getattr(scene.ground, kind)
    return machines[len(scene.recoveries) % len(machines)]


def _kill_machine(kind: str) -> Act:
    def inflict(scene: Scene) -> None:
        machine = _machine(scene, kind)
        machine.kill()
        scene.kills += 1
        scene.say(f"  killed {machine.name}")

    return inflict


def _start_machine(kind: str) -> Act:
    return lambda scene: _machine(scene, kind).start()


def _freeze_machine(kind: str) -> Act:
    return lambda scene: _machine(scene, kind).freeze()


def _thaw_machine(kind: str) -> Act:
    return lambda scene: _machine(scene, kind).thaw()


def _cut_power(scene: Scene) -> None:
    for one in (*scene.roles.values(), *scene.ground.brokers, *scene.ground.nodes):
        one.kill()
        scene.kills += 1


def _restore_power(scene: Scene) -> None:
    for machine in (*scene.ground.brokers, *scene.ground.nodes):
        machine.start()
    for role in scene.roles.values():
        role.start()


def _trouble(make: Callable[[Scene], proxy.Trouble]) -> Act:
    def inflict(scene: Scene) -> None:
        if scene.proxy is not None:
            scene.proxy.trouble = make(scene)

    return inflict


def _calm(scene: Scene) -> None:
    if scene.proxy is not None:
        scene.proxy.trouble = proxy.calm
        scene.say(f"  the proxy did {dict(scene.proxy.acts)}")


def _block(scene: Scene, value: Any) -> None:
    """What Elasticsearch does itself when its disk is nearly full."""
    settings = scene.settings
    names = ",".join(settings.named(alias) for alias in (ARTICLES, AGREEMENTS))
    with speaking_plainly(settings), connect(settings) as client:
        client.indices.put_settings(index=names, settings={"index.blocks.read_only_allow_delete": value})


def _replay_raw(scene: Scene) -> None:
    again = [
        Planned(Kind.REDELIVERY, record.key or "", record.value or b"")
        for record in consumer.replay(scene.settings, [topics.RAW])
    ]
    with Producer(scene.settings, client="rehearse") as producer:
        for delivery in [producer.send(topics.RAW, one.key, one.value) for one in again]:
            delivery.wait()
    scene.replayed += again
    scene.say(f"  {len(again)} records of the raw topic published again")


def _forget_offsets(scene: Scene) -> None:
    for name, group in (("work", scene.settings.work.group), ("sink", scene.settings.sink.group)):
        scene.roles[name].stop()
        rewind.to_earliest(scene.settings, group)
    for name in ("work", "sink"):
        scene.roles[name].start()


_POINTS = {
    "worker.before_handle": ("work", 60),
    "worker.before_send": ("work", 60),
    "worker.after_send_before_ack": ("work", 60),
    "worker.after_commit": ("work", 3),
    "worker.after_rebuild": ("work", 1),
    # What waits for the sink at any time is one bulk or two.
    "sink.before_bulk": ("sink", 1),
    "sink.after_bulk_before_commit": ("sink", 1),
    "connect.before_publish": ("connect", 2),
    "connect.after_publish_before_remember": ("connect", 2),
    "connect.before_settle": ("connect", 2),
}


def _table() -> list[Fault]:
    return [
        Fault(name="poison", inflict=_nothing, times=1),
        *_deaths(),
        Fault(name="kill_slow_head", inflict=_kill_at_slow_head, around_secs=12.0, environment=SLOW_HEADS),
        *_pauses(),
        Fault(name="replay_raw", inflict=_replay_raw, times=1),
        Fault(name="rewind_offsets", inflict=_forget_offsets, times=1, slow=True),
        *_index_faults(),
        *_server_faults(),
    ]


def _deaths() -> list[Fault]:
    made = []
    for role in ("work", "sink", "connect"):
        through = role == "connect"
        made += [
            Fault(name=f"kill_{role}", inflict=_kill(role), through_connect=through),
            Fault(name=f"sigterm_{role}", inflict=_stop(role), times=2, through_connect=through),
        ]
    made += [
        Fault(
            name=f"die_{point.replace('.', '_')}",
            inflict=_die_at(role, point, most),
            # The role starts twice and must still find something to do.
            around_secs=25.0,
            times=1,
            through_connect=role == "connect",
        )
        for point, (role, most) in _POINTS.items()
    ]
    return made


def _pauses() -> list[Fault]:
    frozen = (FROZEN_SECS, FROZEN_SECS)
    return [
        Fault(
            name="slow_work",
            inflict=_freeze_worker,
            mend=lambda scene: scene.roles["work"].thaw(),
            hold_secs=frozen,
            times=1,
            slow=True,
        ),
        Fault(
            name="slow_sink",
            inflict=lambda scene: scene.roles["sink"].freeze(),
            mend=lambda scene: scene.roles["sink"].thaw(),
            hold_secs=frozen,
            times=1,
            slow=True,
        ),
        Fault(name="scale_work", inflict=_add_worker, mend=_drop_worker, hold_secs=(20.0, 20.0), times=3, slow=True),
    ]


def _index_faults() -> list[Fault]:
    troubles: dict[str, Callable[[Scene], proxy.Trouble]] = {
        "index_429": lambda scene: proxy.status(429, scene.rng),
        "index_503": lambda scene: proxy.status(503, scene.rng),
        "index_413": lambda _scene: proxy.too_large,
        "index_silent": lambda scene: proxy.broken("silence", scene.rng),
        "index_half_answer": lambda scene: proxy.broken("half", scene.rng),
        "index_cut": lambda scene: proxy.broken("cut", scene.rng),
    }
    read_only = Fault(
        name="read_only_index",
        inflict=lambda scene: _block(scene, value=True),
        mend=lambda scene: _block(scene, value=None),
        hold_secs=(6.0, 12.0),
        times=2,
    )
    proxied = [
        Fault(name=name, inflict=_trouble(make), mend=_calm, hold_secs=(6.0, 12.0), times=2, proxied=True)
        for name, make in troubles.items()
    ]
    return [read_only, *proxied]


def _server_faults() -> list[Fault]:
    power = Fault(
        name="power_cut", inflict=_cut_power, mend=_restore_power, times=2, own_servers=True, hold_secs=(2, 6)
    )
    made = [power]
    for kind, name in (("brokers", "broker"), ("nodes", "index")):
        made += [
            _down(f"kill_{name}", kind, (3.0, 15.0), times=2),
            Fault(
                name=f"freeze_{name}",
                inflict=_freeze_machine(kind),
                mend=_thaw_machine(kind),
                hold_secs=(20.0, 45.0),
                times=1,
                own_servers=True,
                slow=True,
            ),
            _down(f"outage_{name}", kind, (OUTAGE_SECS, OUTAGE_SECS), times=1, slow=True),
            _down(f"lose_{name}", kind, (15.0, 25.0), times=3, slow=True, cluster=True),
        ]
    return made


def _down(name: str, kind: str, hold_secs: tuple[float, float], **more: Any) -> Fault:
    """A server is killed, and started again after so long."""
    return Fault(
        name=name,
        inflict=_kill_machine(kind),
        mend=_start_machine(kind),
        hold_secs=hold_secs,
        own_servers=True,
        **more,
    )


FAULTS: dict[str, Fault] = {fault.name: fault for fault in _table()}


def chosen(names: str, *, own_servers: bool, times: int | None = None) -> list[Fault]:
    """The faults of a comma-separated list of names and of `quick`, `slow`, `all`; each once. Raises ValueError.

    `times` is how often at most one run suffers each.
    """
    found: dict[str, Fault] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name in ("quick", "slow", "all"):
            wanted = [
                fault
                for fault in FAULTS.values()
                if name in ("all", "slow" if fault.slow else "quick") and (own_servers or not fault.own_servers)
            ]
        elif name in FAULTS:
            wanted = [FAULTS[name]]
        else:
            raise ValueError(f"no fault {name!r} – there are: quick, slow, all, {', '.join(FAULTS)}")
        found |= {fault.name: fault for fault in wanted}
    for fault in found.values():
        if fault.own_servers and not own_servers:
            raise ValueError(f"{fault.name} kills servers: it needs its own, not the configured ones")
    return [msgspec.structs.replace(one, times=min(one.times, times or one.times)) for one in found.values()]
