"""`make accept DATA=…`: articles from outside the checkout through a running service, compared with what is expected.

Reads DATA/samples/<name>.<lang>.txt and <name>.expected.json. Starts a service of its own on servers of its own, puts
each story into its drop folder, and compares what Elasticsearch then holds. Prints ✓ or ✗ for every fact and every
"must_not"; exit code 1 if one fails. Facts that need later coding are reported as such with --all only.

Usage: python -m tests.accept DATA [--all]
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.compare import Check, compare
from tests.servers import ROOT, own_servers

SOURCE = """\
id = "accept-drop"
publisher = "Drop folder"
transport = "directory"
format = "wire_text"
path = {path}
timezone = "Europe/Istanbul"
poll_interval_secs = 1
max_age_days = 36500
[rights]
store = "full"
redistribute = "full"
"""
READY_SECS = 120
FOUND_SECS = 60
NAMES = ("declaration", "package")


def main() -> int:
    data = Path(sys.argv[1])
    names = None if "--all" in sys.argv[2:] else NAMES
    samples = sorted((data / "samples").glob("*.expected.json"))
    if not samples:
        print(f"{data}/samples holds no *.expected.json", file=sys.stderr)
        return 65
    with own_servers("accept") as servers, tempfile.TemporaryDirectory() as work:
        failed = 0
        for number, expected in enumerate(samples):
            checks = _one(servers, expected, Path(work) / str(number), f"accept-{number}", names)
            print(f"\n{expected.name}")
            for check in checks:
                print(f"  {'✓' if check.good else '✗'} {check.what}" + ("" if check.good else f" – {check.found}"))
            failed += sum(not check.good for check in checks)
    print(f"\n{'all met' if not failed else f'{failed} not met'}")
    return 1 if failed else 0


def _one(servers, expected_path, work, namespace, names) -> list[Check]:
    expected = json.loads(expected_path.read_text(encoding="utf-8"))
    (story,) = expected_path.parent.glob(expected_path.name.removesuffix(".expected.json") + ".*.txt")
    drop, sources = work / "drop", work / "sources"
    drop.mkdir(parents=True)
    sources.mkdir()
    (sources / "drop.toml").write_text(SOURCE.format(path=json.dumps(str(drop))), encoding="utf-8")
    command = [sys.executable, "-m", "pipeline.cli.main", "run", "--stack", "none", "--sources", str(sources)]
    service = subprocess.Popen(
        command, cwd=ROOT, env=servers.environment(namespace), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        _await_ready(service)
        shutil.copyfile(story, drop / ".incoming")
        (drop / ".incoming").replace(drop / story.name)
        article, agreements = _await_documents(servers.es_url, namespace)
        return compare(article, agreements, expected, names=names)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(timeout=60)


def _await_ready(service) -> None:
    deadline = time.monotonic() + READY_SECS
    for line in service.stdout:
        if line.startswith("ready http"):
            return
        if time.monotonic() > deadline:
            break
    raise SystemExit("the service did not get ready")


def _await_documents(es_url, namespace):
    """The article, and the agreements once their number stands still."""
    deadline = time.monotonic() + FOUND_SECS
    articles, before = [], None
    while time.monotonic() < deadline:
        time.sleep(2)
        articles = _all(es_url, f"{namespace}.articles")
        agreements = _all(es_url, f"{namespace}.agreements")
        if articles and agreements and agreements == before:
            return articles[0], [one for one in agreements if not one.get("forwards_to")]
        before = agreements
    return (articles[0] if articles else {}), before or []


def _all(es_url, alias):
    with urllib.request.urlopen(f"{es_url}/{alias}/_search?size=1000", timeout=30) as answer:
        return [hit["_source"] for hit in json.load(answer)["hits"]["hits"]]


if __name__ == "__main__":
    sys.exit(main())
