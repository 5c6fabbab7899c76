"""Install the servers' programs: one Maven run that fetches Kafka and Elasticsearch and builds the analysis plugin.

An installation is a directory named after what it was made from, moved into place when complete: it is either whole or
not there, a changed plugin makes a new one, and servers that still run from the old one are not disturbed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from pipeline.errors import Unavailable
from pipeline.ops.jdk import Jdk, find_maven

Progress = Callable[[str], None]
INCOMING = "incoming-"


class Programs(msgspec.Struct, frozen=True):
    """One complete installation."""

    home: Path

    @property
    def kafka_classpath(self) -> str:
        """What to hand to `java -cp`: the virtual machine expands the star itself."""
        return str(self.home / "kafka" / "lib" / "*")

    @property
    def elasticsearch(self) -> Path:
        """Elasticsearch's home."""
        return next(self.home.glob("elasticsearch-*"))

    @property
    def versions(self) -> dict[str, str]:
        """Server → version."""
        kafka = next((self.home / "kafka" / "lib").glob("kafka_2.13-*.jar")).stem.removeprefix("kafka_2.13-")
        return {"kafka": kafka, "elasticsearch": self.elasticsearch.name.removeprefix("elasticsearch-")}


def fingerprint(source: Path) -> str:
    """A short name for what is built from these sources."""
    digest = hashlib.sha256()
    for path in (source / "pom.xml", *sorted((source / "plugin").rglob("*"))):
        if path.is_file():
            digest.update(f"{path.relative_to(source)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def installed(source: Path, programs: Path) -> Programs | None:
    """The complete installation of these sources, if there is one."""
    home = programs / fingerprint(source)
    return Programs(home) if home.is_dir() else None


def install(source: Path, programs: Path, jdk: Jdk, progress: Progress) -> Programs:
    """The complete installation of these sources, made now if need be (a minute or two, 190 MB on disk).

    Raises Unavailable with Maven's own words when it cannot fetch or build.
    """
    with locked(programs.with_name(programs.name + ".lock")):
        ready = installed(source, programs)
        if ready is not None:
            return ready
        for stale in programs.glob(INCOMING + "*"):
            shutil.rmtree(stale, ignore_errors=True)
        incoming = programs / f"{INCOMING}{os.getpid()}"
        incoming.mkdir(parents=True)
        try:
            _run_maven(source, incoming, jdk, progress)
            _finish(incoming)
            home = incoming.rename(programs / fingerprint(source))
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        _remove_unused(programs, home)
        return Programs(home)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process at a time; the lock ends with its process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run_maven(source: Path, incoming: Path, jdk: Jdk, progress: Progress) -> None:
    maven = find_maven()
    progress(f"fetching Kafka and Elasticsearch with Maven, building the analysis plugin with JDK {jdk.exact} (once)")
    command = [
        str(maven),
        "--batch-mode",
        "--file",
        str(source / "pom.xml"),
        f"-Dinstall.directory={incoming}",
        "package",
    ]
    log_path = incoming.parent / "maven.log"
    with log_path.open("wb") as log:
        # Maven compiles with the Java it runs on: it must be the one we found, not the system's default.
        outcome = subprocess.run(  # noqa: S603 — Maven, with our own project
            command,
            cwd=incoming,
            env={**os.environ, "JAVA_HOME": str(jdk.home)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
        )
    if outcome.returncode:
        raise Unavailable(_maven_trouble(log_path))


def _maven_trouble(log_path: Path) -> str:
    lines = log_path.read_text("utf-8", "replace").splitlines()
    errors = [line.removeprefix("[ERROR]").strip() for line in lines if line.startswith("[ERROR]")]
    said = next((line for line in errors if line), lines[-1] if lines else "nothing")
    return (
        f"Maven could not build the local stack: {said} – the whole output is in {log_path}; "
        "behind a proxy or a mirror, ~/.m2/settings.xml says how to reach it"
    )


def _finish(incoming: Path) -> None:
    """Drop what only the build needed; let the account that runs Elasticsearch read the rest."""
    for scrap in ("classes", "markers", "maven"):
        shutil.rmtree(incoming / scrap, ignore_errors=True)
    for folder, _, files in os.walk(incoming):
        os.chmod(folder, 0o755)  # noqa: S103, PTH101 — published software, nothing secret
        for name in files:
            path = Path(folder, name)
            path.chmod(path.stat().st_mode | 0o444)


def _remove_unused(programs: Path, current: Path) -> None:
    """Remove earlier installations from which no server runs."""
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    for earlier in programs.iterdir():
        if earlier.is_dir() and earlier != current and not any(str(earlier) in line for line in lines):
            shutil.rmtree(earlier, ignore_errors=True)
