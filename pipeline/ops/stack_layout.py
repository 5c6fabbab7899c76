"""Where the local stack's programs, data, logs and process marks lie. Pure paths; nothing is written here.

Elasticsearch refuses to run as root. Started by root it runs as an unprivileged account, which may be unable to enter
the directory (a checkout below /root): then the programs or its data lie under /var/tmp instead.
"""

import hashlib
import os
import pwd
import stat
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pipeline.errors import Unavailable
from pipeline.settings import SHIPPED, Settings

FALLBACK_ROOT = Path("/var/tmp")  # noqa: S108 — world-traversable on purpose; ownership is checked before use
ACCOUNTS = ("elasticsearch", "nobody")


class Account(msgspec.Struct, frozen=True):
    """An account of this machine."""

    name: str
    uid: int
    gid: int


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """All paths of one stack, absolute. `account` is set when root must hand Elasticsearch to somebody else."""

    directory: Path
    programs: Path
    kafka: Path
    elasticsearch: Path
    account: Account | None = None
    moved: str | None = None

    @property
    def run(self) -> Path:
        """Process marks."""
        return self.directory / "run"

    @property
    def logs(self) -> Path:
        """What the servers print."""
        return self.directory / "logs"


def source_dir() -> Path:
    """`deploy/local` of the checkout, or the copy in the installed package."""
    shipped = SHIPPED / "local"
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "deploy" / "local"


def layout(settings: Settings, *, uid: int | None = None) -> Layout:
    """The layout for these settings and for the user who calls (or `uid`)."""
    directory = settings.stack.directory.expanduser().resolve()
    programs = (settings.stack.programs or directory / "programs").expanduser().resolve()
    account = unprivileged() if (os.geteuid() if uid is None else uid) == 0 else None
    where = Layout(
        directory=directory,
        programs=programs,
        kafka=directory / "kafka",
        elasticsearch=directory / "elasticsearch",
        account=account,
    )
    return where if account is None else _reachable(where, account)


def _reachable(where: Layout, account: Account) -> Layout:
    """The same, with what the account may not enter moved below /var/tmp."""
    moved = []
    for name, why in (("programs", where.programs), ("elasticsearch", where.directory)):
        blocked = blocked_by(why, account)
        if blocked:
            base = FALLBACK_ROOT / f"accordwire-{hashlib.sha256(os.fsencode(why)).hexdigest()[:12]}"
            where = msgspec.structs.replace(where, **{name: base / name})
            what = "the servers' programs" if name == "programs" else "Elasticsearch's data"
            moved.append(f"{what} lie in {base}, because {account.name} may not enter {blocked}")
    if not moved:
        return where
    sentence = f"Elasticsearch refuses root and runs as {account.name}: {'; '.join(moved)}"
    return msgspec.structs.replace(where, moved=sentence)


def unprivileged(names: Sequence[str] = ACCOUNTS) -> Account:
    """An existing account for Elasticsearch when root starts it. Raises Unavailable."""
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise Unavailable(
        f"Elasticsearch refuses to run as root and there is no account {' or '.join(names)}: "
        "start as an ordinary user, or add one: useradd --system elasticsearch"
    )


def blocked_by(path: Path, account: Account) -> Path | None:
    """The first existing directory on the way to `path` that the account may not enter, or None."""
    for step in (*reversed(path.parents), path):
        try:
            facts = step.stat()
        except OSError:
            return None
        if facts.st_uid == account.uid:
            wanted = stat.S_IXUSR
        elif facts.st_gid == account.gid:
            wanted = stat.S_IXGRP
        else:
            wanted = stat.S_IXOTH
        if not facts.st_mode & wanted:
            return step
    return None


def claim_fallback(where: Layout) -> None:
    """Make the directories under /var/tmp ours. Raises Unavailable if somebody else made one first."""
    for base in fallbacks(where):
        base.mkdir(mode=0o755, exist_ok=True)
        facts = base.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & stat.S_IWOTH:
            raise Unavailable(f"{base} was not made by this user: remove it and try again")


def fallbacks(where: Layout) -> list[Path]:
    """The directories under /var/tmp that this layout uses."""
    return [path.parent for path in (where.programs, where.elasticsearch) if path.parent.parent == FALLBACK_ROOT]
