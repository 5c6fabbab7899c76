"""`make bench` and `make rehearse`: the verbs of the same name, on servers of their own.

Usage: python -m tests.measure bench|rehearse [arguments of the verb]
"""

import subprocess
import sys

from tests.servers import ROOT, own_servers


def main() -> int:
    verb, *arguments = sys.argv[1:]
    with own_servers(verb) as servers:
        command = [sys.executable, "-m", "pipeline.cli.main", verb, *arguments]
        return subprocess.run(command, cwd=ROOT, env=servers.environment(verb), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
