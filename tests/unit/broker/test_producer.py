"""CloudEvents headers."""

from datetime import UTC, datetime, timedelta, timezone

from pipeline.broker.producer import cloud_headers


def headers(**more):
    return dict(
        cloud_headers(**{"topic": "news.article.v1", "key": "a-1", "revision": 7, "time": None, "source": "/x", **more})
    )


def test_the_id_is_key_and_revision():
    assert headers()["ce_id"] == b"a-1@7"


def test_times_are_utc_whatever_zone_they_came_in():
    moment = datetime(2026, 2, 4, 18, 27, tzinfo=timezone(timedelta(hours=3)))
    assert headers(time=moment)["ce_time"] == b"2026-02-04T15:27:00Z"
    assert headers(time=moment) == headers(time=moment.astimezone(UTC))


def test_what_is_unknown_is_left_out():
    assert not {"ce_time", "traceparent"} & headers().keys()


def test_required_attributes_of_cloudevents_are_there():
    assert {"ce_specversion", "ce_id", "ce_source", "ce_type", "content-type"} <= headers().keys()
    assert headers()["ce_specversion"] == b"1.0"
