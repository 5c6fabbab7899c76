"""The wheel stands alone: what is not in the checkout's Python must be in the package."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    target = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(target),
        ".",
    ]
    subprocess.run(build, cwd=ROOT, check=True, timeout=120)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target / "site")
    return target / "site"


def run(site, *arguments, text=None):
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli.main", *arguments],
        cwd=site.parent,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site)},
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_it_carries_configuration_local_servers_and_sample_wire(unpacked):
    shipped = unpacked / "pipeline" / "_shipped"
    for path in ("config/settings.toml", "config/lexicons/tr/acts.toml", "local/pom.xml", "sample-wire/www/turna.rss"):
        assert (shipped / path).is_file(), path


def test_it_tags_with_the_words_it_carries(unpacked):
    line = {"id": "a", "lang": "en", "text": "Kenya and Jamaica signed an air services agreement in Nairobi on Monday."}
    done = run(unpacked, "tag", "--jsonl", text=json.dumps(line) + "\n")
    (agreement,) = json.loads(done.stdout)["agreements"]
    assert done.returncode == 0
    assert sorted(party["id"] for party in agreement["parties"]) == ["JAM", "KEN"]


def test_nothing_of_the_checkout_is_used(unpacked):
    code = "import pipeline, pipeline.settings as s; print(pipeline.__file__, s.find_config_dir(None, {})[1])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=unpacked.parent,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(unpacked))
    assert "the installed package" in done.stdout
