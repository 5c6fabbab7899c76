from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Reject
from pipeline.models import codec
from pipeline.models.agreement import Agreement
from pipeline.models.article import Signature
from pipeline.models.mention import Evidence, Mention, MentionSet
from pipeline.models.raw_item import RawItem, SourceRef

NOW = datetime(2026, 2, 4, 12, tzinfo=UTC)
RAW = RawItem(
    article_id="a",
    revision=1,
    content_hash="h",
    seen_at=NOW,
    source=SourceRef(id="s", family="s.example"),
    format="rss2.0",
)


def refusal(data, model=RawItem):
    with pytest.raises(Reject) as caught:
        codec.decode(model, data)
    return caught.value


instants = st.datetimes(
    datetime(1970, 1, 2),
    datetime(2100, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=3)), timezone(timedelta(hours=-9, minutes=-30))]),
)
# JSON is UTF-8: clean() takes lone surrogates out before anything is encoded.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@given(
    title=texts, body=texts, revision=st.integers(0, 2**53 - 1), published=st.none() | instants, url=st.none() | texts
)
def test_an_item_comes_back_as_it_went(title, body, revision, published, url):
    item = RawItem(
        article_id="a",
        revision=revision,
        content_hash="h",
        seen_at=NOW,
        source=SourceRef(id="s", family="s.example"),
        format="rss2.0",
        title=title,
        body=body,
        published=published,
        url=url,
    )
    assert codec.decode(RawItem, codec.encode(item)) == item


@given(start=st.integers(0, 10**6), quote=texts, confidence=st.floats(0, 1), where=st.sampled_from(["text", "title"]))
def test_a_mention_set_comes_back_as_it_went(start, quote, confidence, where):
    mention = codec.decode(
        MentionSet,
        codec.encode(
            made := MentionSet(
                article_id="a",
                revision=1,
                seen_at=NOW,
                mentions=(
                    Mention(
                        instrument="treaty",
                        status="signed",
                        ordinal=0,
                        confidence=confidence,
                        evidence=(Evidence(field="status", start=start, end=start + 1, quote=quote, in_=where),),
                    ),
                ),
            )
        ),
    )
    assert mention == made


def test_equal_messages_give_equal_bytes():
    assert codec.encode(RAW) == codec.encode(codec.decode(RawItem, codec.encode(RAW)))


def test_evidence_says_in_on_the_wire():
    assert b'"in":"title"' in codec.encode(Evidence(field="f", start=0, end=1, quote="q", in_="title"))


def test_an_unknown_field_is_ignored():
    assert codec.decode(RawItem, codec.encode(RAW)[:-1] + b',"later":[1]}') == RAW


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"article_id": "\xff"}', b"[" * 100_000])
def test_bytes_that_are_no_json_are_undecodable(data):
    assert refusal(data).reason in ("undecodable", "invalid")


def test_a_missing_field_is_invalid_and_named():
    problem = refusal(codec.encode(RAW).replace(b'"content_hash":"h",', b""))
    assert problem.reason == "invalid"
    assert "content_hash" in str(problem)


def test_a_wrong_type_says_where():
    assert refusal(codec.encode(RAW).replace(b'"id":"s"', b'"id":7')).where == "$.source.id"


def test_a_naive_time_is_invalid():
    assert refusal(codec.encode(RAW).replace(b"12:00:00Z", b"12:00:00")).reason == "invalid"


@pytest.mark.parametrize("revision", [b"-1", b"9007199254740992"])
def test_a_revision_outside_a_doubles_integers_is_invalid(revision):
    assert refusal(codec.encode(RAW).replace(b'"revision":1', b'"revision":' + revision)).reason == "invalid"


def test_another_schema_version_is_named_even_when_its_fields_differ():
    problem = refusal(b'{"schema_version": 2, "article": {}}')
    assert (problem.reason, problem.where) == ("schema_version", "$.schema_version")
    assert refusal(codec.encode(RAW).replace(b'"schema_version":1', b'"schema_version":2')).reason == "schema_version"


VERDICTS = {"decoded", "undecodable", "invalid", "schema_version"}


def verdict(model, data):
    try:
        codec.decode(model, data)
    except Reject as problem:
        return problem.reason
    return "decoded"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_reject(data):
    assert {verdict(model, data) for model in (RawItem, MentionSet, Agreement, Signature)} <= VERDICTS


@given(st.data())
def test_a_mutated_message_is_a_message_or_a_reject(data):
    encoded = bytearray(codec.encode(RAW))
    for _ in range(data.draw(st.integers(1, 5))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    assert verdict(RawItem, bytes(encoded)) in VERDICTS
