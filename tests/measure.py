"""`make bench` and `make rehearse`: the verbs of the same name, on servers of their own.

Usage: python -m tests.measure bench|rehearse [arguments of the verb]
"""

import os
import subprocess
import sys

from tests.servers import ROOT, own_servers

PROGRESS = ROOT / ".local" / "rehearsal.json"
WHOLE = ("--faults", "all", "--seeds", "5", "--resume", str(PROGRESS), "--report", "tests/rehearsal-report.md")


def rehearse(command: list[str], arguments: list[str]) -> int:
    """With arguments what they say; without, the whole matrix: ended half-way, the same command goes on."""
    if arguments:
        return subprocess.run([*command, *arguments], cwd=ROOT, env=os.environ, check=False).returncode
    PROGRESS.parent.mkdir(exist_ok=True)
    code = subprocess.run([*command, *WHOLE], cwd=ROOT, env=os.environ, check=False).returncode
    if code in (0, 1):  # told to the end, good or bad
        PROGRESS.unlink(missing_ok=True)
    return code


def main() -> int:
    verb, *arguments = sys.argv[1:]
    command = [sys.executable, "-m", "pipeline.cli.main", verb]
    if verb == "rehearse":
        return rehearse(command, arguments)
    if not arguments and (
        code := subprocess.run([sys.executable, "-m", "tests.tag_rate"], cwd=ROOT, check=False).returncode
    ):
        return code
    with own_servers(verb) as servers:
        return subprocess.run([*command, *arguments], cwd=ROOT, env=servers.environment(verb), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
