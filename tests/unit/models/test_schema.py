"""The published schemas against what the stages really send."""

import json

import jsonschema
import msgspec
import pytest
from click.testing import CliRunner

from pipeline import topics
from pipeline.cli.schema import schema as command
from pipeline.models import codec, schema
from pipeline.models.codes import ArticleStatus
from pipeline.stages.deduplicate import Deduplicate
from tests.unit.stages import consolidation
from tests.unit.stages.articles import parsed, treaty


def messages():
    """Topic → encoded messages of every shape: live, corrected, retracted, forwarding; usable, copied, killed."""
    made = consolidation.Installation()
    sent = {topic: [] for topic in schema.PUBLIC}
    one, other = consolidation.mention(act="2026-02-04"), consolidation.mention(subject="transport")
    history = [
        consolidation.article("b", one),
        consolidation.article("a", one, day=-1),
        consolidation.article("c", other),
        consolidation.article("c", revision=2),
        consolidation.article("b", consolidation.mention(status="ratified"), revision=2),
    ]
    outcomes = [made.stage.handle(each.article_id, codec.encode(each)) for each in history]
    deduplicate = Deduplicate()
    articles = [
        parsed("a1", mentions=(treaty(occasion_id="o1"),)),
        parsed("a2", minutes=5),
        parsed("a1", revision=2, status=ArticleStatus.CANCELED),
    ]
    outcomes += [deduplicate.handle(each.article_id, codec.encode(each)) for each in articles]
    for record in (record for outcome in outcomes for step in outcome.steps for record in step):
        if record.topic in sent:
            sent[record.topic].append(codec.encode(record.value))
    return sent


@pytest.mark.parametrize("topic", schema.PUBLIC)
def test_what_is_sent_fits_the_published_schema(topic):
    published = json.loads((schema.FOLDER / f"{topic}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(published)
    validator = jsonschema.Draft202012Validator(published, format_checker=jsonschema.FormatChecker())
    sent = messages()[topic]
    assert len(sent) >= 3
    for message in sent:
        validator.validate(json.loads(message))


@pytest.mark.parametrize("topic", schema.PUBLIC)
def test_a_message_without_a_required_field_does_not_fit(topic):
    validator = jsonschema.Draft202012Validator(schema.schema(topic))
    message = json.loads(messages()[topic][0])
    del message["revision"]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(message)


def test_every_public_topic_has_a_schema_and_no_other():
    assert {topic.name: topic.payload for topic in topics.TOPICS.values() if topic.public} == schema.PUBLIC


def test_the_committed_schemas_are_what_the_models_say():
    assert schema.stale() == []


def test_a_stale_or_foreign_file_is_named_and_mended(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(schema, "FOLDER", tmp_path / "schemas")
    assert schema.main(["--write"]) == 0
    (tmp_path / "schemas" / "news.article.v1.json").write_text("{}")
    (tmp_path / "schemas" / "gone.json").write_text("{}")
    assert schema.main(["--check"]) == 1
    assert "gone.json: differs" in capsys.readouterr().err
    assert schema.main(["--write"]) == 0
    assert schema.main(["--check"]) == 0


def test_the_verb_prints_a_schema_and_lists_topics():
    listed = CliRunner().invoke(command).output.split()
    assert listed == list(schema.PUBLIC)
    printed = CliRunner().invoke(command, ["news.agreement.v1"]).output
    assert msgspec.json.decode(printed)["title"] == "news.agreement.v1"
    assert CliRunner().invoke(command, ["wire.raw.v1"]).exit_code == 2


def test_any_other_call_says_how_it_is_meant(capsys):
    assert schema.main([]) == 64
    assert "--check | --write" in capsys.readouterr().err
