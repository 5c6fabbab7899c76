"""Find a JDK and Maven for the local stack. Called by the installer, the stack and `accordwire doctor`.

A JDK, not a Java: the analysis plugin is compiled on this machine, so `javac` must be there.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from pipeline.errors import Unavailable

OLDEST = 21
HOW_TO_GET_A_JDK = (
    f"install a JDK {OLDEST} or newer (Debian: apt install openjdk-{OLDEST}-jdk-headless; macOS: brew install openjdk; "
    "or Eclipse Temurin) or name one: ACCORDWIRE_JAVA_HOME=/path/to/jdk"
)
HOW_TO_GET_MAVEN = "install it (Debian: apt install maven; macOS: brew install maven)"
# Where systems and installers put several JDKs side by side; the second part leads to the home inside.
ROOTS = (
    (Path("/usr/lib/jvm"), "*"),
    (Path("/Library/Java/JavaVirtualMachines"), "*/Contents/Home"),
    (Path("/opt/homebrew/opt"), "openjdk*/libexec/openjdk.jdk/Contents/Home"),
)


class Jdk(msgspec.Struct, frozen=True):
    """A JDK that can run and compile: its home, its feature version (25), its exact version, how it was found."""

    home: Path
    version: int
    exact: str
    origin: str

    @property
    def java(self) -> Path:
        """The `java` program."""
        return self.home / "bin" / "java"


def find_jdk(environ: Mapping[str, str] = os.environ, roots: tuple[tuple[Path, str], ...] = ROOTS) -> Jdk:
    """The first JDK of at least version 21: ACCORDWIRE_JAVA_HOME, JAVA_HOME, the usual places, `java` on PATH.

    ACCORDWIRE_JAVA_HOME is an order: if it names something unsuitable, nothing else is tried. Raises Unavailable with
    everything that was found and why each did not serve.
    """
    named = environ.get("ACCORDWIRE_JAVA_HOME")
    if named:
        found = _examine(Path(named), "ACCORDWIRE_JAVA_HOME")
        if isinstance(found, Jdk):
            return found
        raise Unavailable(f"ACCORDWIRE_JAVA_HOME: {found} – {HOW_TO_GET_A_JDK}")
    refused: list[str] = []
    for home, origin in _candidates(environ, roots):
        found = _examine(home, origin)
        if isinstance(found, Jdk):
            return found
        refused.append(f"{found} ({origin})")
    seen = "; found " + "; ".join(refused) if refused else "; found no Java at all"
    raise Unavailable(f"no JDK {OLDEST} or newer{seen} – {HOW_TO_GET_A_JDK}")


def find_maven(environ: Mapping[str, str] = os.environ) -> Path:
    """The `mvn` program on PATH. Raises Unavailable."""
    found = shutil.which("mvn", path=environ.get("PATH", os.defpath))
    if found is None:
        raise Unavailable(f"no Maven: there is no `mvn` on PATH – {HOW_TO_GET_MAVEN}")
    return Path(found)


def _candidates(environ: Mapping[str, str], roots: tuple[tuple[Path, str], ...]) -> Iterator[tuple[Path, str]]:
    """Homes with their origin, each once."""
    seen: set[Path] = set()
    for home, origin in _places(environ, roots):
        real = home.resolve()
        if real not in seen and (real / "bin" / "java").exists():
            seen.add(real)
            yield real, origin


def _places(environ: Mapping[str, str], roots: tuple[tuple[Path, str], ...]) -> Iterator[tuple[Path, str]]:
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"]), "JAVA_HOME"
    for root, pattern in roots:
        # Newest first: of several JDKs side by side the newest is the one its owner keeps up to date.
        for home in sorted(root.glob(pattern), key=lambda home: _version(home)[0], reverse=True):
            yield home, str(root)
    java = shutil.which("java", path=environ.get("PATH", os.defpath))
    if java:
        yield Path(java).resolve().parents[1], "java on PATH"


def _examine(home: Path, origin: str) -> Jdk | str:
    """The JDK at `home`, or why it is none of use."""
    version, exact = _version(home)
    if version == 0:
        return f"no Java at {home}"
    if version < OLDEST:
        return f"Java {exact} at {home} is too old"
    if not os.access(home / "bin" / "javac", os.X_OK):
        return f"Java {exact} at {home} has no javac: it is a runtime, not a JDK"
    return Jdk(home, version, exact, origin)


def _version(home: Path) -> tuple[int, str]:
    """Feature version and exact version; (0, "") if there is no Java. Every JDK since 9 carries a `release` file."""
    try:
        found = re.search(r'^JAVA_VERSION="([^"]+)"', (home / "release").read_text("utf-8", "replace"), re.MULTILINE)
    except OSError:
        found = None
    if found is None:
        found = re.search(r'version "([^"]+)"', _ask(home / "bin" / "java"))
    if found is None:
        return 0, ""
    parts = found[1].split(".")
    feature = re.match(r"\d+", parts[1] if parts[0] == "1" and len(parts) > 1 else parts[0])
    return (int(feature[0]), found[1]) if feature else (0, "")


def _ask(java: Path) -> str:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stderr
