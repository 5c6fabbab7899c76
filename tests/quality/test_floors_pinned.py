"""Pinning raises floors, never lowers one in silence, and keeps the file's comments; figures are cut by halves."""

import json

import pytest

from tests import own_words
from tests.quality import figures, floors, measure

HEAD = "# What this is.\n"
OLD = {
    ("corpora", "gold/xx"): {"precision": 0.9, "recall": 0.8, "alone": 1.0},
    ("corpora", "gold/yy"): {"precision": 0.5, "recall": 0.5, "alone": 0.5},
    ("wire_fields", "status"): {"share": 0.95},
}
LOG = "# Changelog\n\n## Unreleased\n\n### Added\n- A thing.\n\n## 0.1\n- Older.\n"


@pytest.fixture
def files(tmp_path):
    path, changelog = tmp_path / "floors.toml", tmp_path / "CHANGELOG.md"
    path.write_text(HEAD, "utf-8")
    floors.write(OLD, path)
    changelog.write_text(LOG, "utf-8")
    return path, changelog


def pin(files, measured, **options):
    given = {"lower": False, "reason": "", **options}
    return floors.pin(measured, path=files[0], changelog=files[1], **given)


def test_floors_survive_the_file_and_so_does_its_head(files):
    assert floors.read(files[0]) == OLD
    assert files[0].read_text("utf-8").startswith(HEAD)
    assert floors.read() == floors.read()


def test_pinning_raises_to_the_hundredth_below_and_leaves_the_rest(files):
    done = pin(files, {("corpora", "gold/xx"): {"precision": 0.9589, "recall": 0.8, "alone": 1.0}})
    assert done == {"raised": ["gold/xx precision 0.9 → 0.95"], "below": [], "lowered": []}
    now = floors.read(files[0])
    assert now["corpora", "gold/xx"] == {"precision": 0.95, "recall": 0.8, "alone": 1.0}
    assert now["corpora", "gold/yy"] == OLD["corpora", "gold/yy"]
    assert files[1].read_text("utf-8") == LOG


def test_floor_above_the_measure_stays_and_is_told(files):
    done = pin(files, {("wire_fields", "status"): {"share": 0.9333}})
    assert done["below"] == ["status share 0.95 → 0.93"]
    assert floors.read(files[0]) == OLD


def test_lowering_writes_its_reason_among_the_unreleased(files):
    pin(files, {("wire_fields", "status"): {"share": 0.9333}}, lower=True, reason="harder gold")
    assert floors.read(files[0])["wire_fields", "status"] == {"share": 0.93}
    unreleased = files[1].read_text("utf-8").partition("## 0.1")[0]
    assert "- Quality floors lowered (status share 0.95 → 0.93): harder gold\n" in unreleased
    assert unreleased.startswith("# Changelog\n\n## Unreleased\n\n### Added\n- A thing.\n")


def test_lowering_with_nothing_below_writes_nothing(files):
    pin(files, {("wire_fields", "status"): {"share": 0.95}}, lower=True, reason="none")
    assert files[1].read_text("utf-8") == LOG
    assert floors.read(files[0]) == OLD


def test_new_corpus_gets_its_floor(files):
    pin(files, {("corpora", "gold/zz"): {"precision": 1.0, "recall": 0.29, "alone": 1.0}})
    assert floors.read(files[0])["corpora", "gold/zz"] == {"precision": 1.0, "recall": 0.29, "alone": 1.0}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--pin", "--lower"),
        ("--pin", "--lower", "--reason", " "),
        ("--lower", "--reason", "because"),
        ("--pin", "--half", "even"),
        ("--half", "odd", "-v"),
        ("--half", "third"),
    ],
)
def test_what_would_lower_in_silence_or_read_the_odd_half_is_refused(arguments):
    with pytest.raises(SystemExit) as refusal:
        measure.main(list(arguments))
    assert refusal.value.code == 2


def test_language_without_a_lexicon_is_refused_with_those_there_are():
    with pytest.raises(SystemExit, match="no lexicon for tlh"):
        measure.main(["--languages", "tlh"])


def test_halves_add_up_to_the_whole():
    tagger = own_words.tagger()
    whole, even, odd = (measure.scores(tagger, half=half, languages=["fr"]) for half in (None, "even", "odd"))
    for name in ("right", "found", "wanted", "look_alikes"):
        assert sum(getattr(part["gold/fr", "fr"], name) for part in (even, odd)) == getattr(
            whole["gold/fr", "fr"], name
        )


def test_json_holds_every_figure_with_its_interval(capsys):
    assert measure.main(["--languages", "fr,es", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["languages"]) == {"es", "fr"}
    assert told["all"]["wanted"] == sum(row["wanted"] for row in told["languages"].values())
    for row in (*told["corpora"], told["all"]):
        for name in ("precision", "recall", "f1"):
            low, high = row[f"{name}_interval"]
            assert low <= row[name] <= high + 1e-9
    for fields in told["fields"].values():
        assert all(one["interval"][0] <= one["share"] <= one["interval"][1] + 1e-9 for one in fields.values())


def test_tables_hold_a_row_for_every_language_and_field():
    tagger = own_words.tagger()
    told = figures.of(measure.scores(tagger, languages=["fr", "es"]))
    text = "\n".join(figures.lines(told, half=None))
    for name in ("gold/fr", "gold/es", "in all", *told["fields"]["all"]):
        assert name in text
