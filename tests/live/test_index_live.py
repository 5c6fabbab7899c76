"""Templates, indices and aliases on the real server: what is made, what is left alone, what is refused."""

import pytest
from elasticsearch import BadRequestError

from pipeline import index
from pipeline.errors import Fatal, Unavailable
from pipeline.index import mapping
from pipeline.index.client import connect
from pipeline.index.document import Documents
from pipeline.index.manage import create
from tests.index_samples import article


@pytest.fixture
def client(install):
    with connect(install) as opened:
        yield opened


def test_applying_twice_changes_nothing(install):
    assert index.plan(install).is_empty
    assert index.apply(install).is_empty


def test_a_missing_template_is_seen_and_made_again(install, client):
    name = install.named(mapping.ARTICLES_TEMPLATE)
    client.indices.delete_index_template(name=name)
    assert f"+ index template {name}" in index.plan(install).lines()
    index.apply(install)
    assert index.plan(install).is_empty


def test_a_changed_setting_is_shown_with_both_values(install):
    shards = install.elasticsearch.model_copy(update={"shards": 2})
    lines = index.plan(install.model_copy(update={"elasticsearch": shards})).lines()
    assert "    settings.index.number_of_shards: 1 → 2" in lines


def test_an_unknown_field_is_refused_never_guessed(install, client):
    with pytest.raises(BadRequestError, match="strict_dynamic_mapping_exception"):
        client.index(index=mapping.agreement_index(install), document={"surprise": 1})


def test_an_index_made_without_its_templates_is_strict_all_the_same(install, client):
    for name in (mapping.ARTICLES_TEMPLATE, mapping.AGREEMENTS_INDEX):
        client.indices.delete_index_template(name=install.named(name))
    name = mapping.article_index(install, "2031.01")
    create(client, install, Documents.shape(), name, install.named(mapping.ARTICLES_TEMPLATE))
    live = client.indices.get(index=name)[name]
    assert live["mappings"]["dynamic"] == "strict"
    assert set(live["aliases"]) == {install.named("articles"), install.named("articles-unique")}


def test_a_field_new_to_the_code_is_added_to_live_indices(install, client):
    name = mapping.article_index(install, "2026.01")
    documents = Documents.shape()
    body = mapping.index_body(install, documents, install.named(mapping.ARTICLES_TEMPLATE))
    del body["mappings"]["properties"]["credit"]
    client.indices.delete_index_template(name=install.named(mapping.ARTICLES_TEMPLATE))
    client.indices.create(index=name, **body)
    assert any("properties.credit" in line for line in index.plan(install).lines())
    index.apply(install)
    assert "credit" in client.indices.get_mapping(index=name)[name]["mappings"]["properties"]
    assert index.plan(install).is_empty


def test_a_change_a_live_index_cannot_take_is_a_conflict_and_nothing_is_touched(install, client):
    name = mapping.article_index(install, "2026.01")
    body = mapping.index_body(install, Documents.shape(), install.named(mapping.ARTICLES_TEMPLATE))
    body["mappings"]["properties"]["url"] = {"type": "text"}
    client.indices.create(index=name, **body)
    client.indices.delete_index_template(name=install.named(mapping.AGREEMENTS_INDEX))
    with pytest.raises(Fatal, match=r"properties\.url\.type") as caught:
        index.apply(install)
    assert caught.value.reason == "index_conflict"
    assert not client.indices.exists_index_template(name=install.named(mapping.AGREEMENTS_INDEX))


def test_an_index_of_a_newer_build_is_not_touched(install, client):
    newer = {"schema_version": mapping.SCHEMA_VERSION + 1, "managed_by": mapping.MANAGED_BY}
    client.indices.put_mapping(index=mapping.agreement_index(install), meta=newer)
    with pytest.raises(Fatal, match="start the newer build"):
        index.apply(install)


def test_an_index_somebody_else_made_under_our_name_is_not_ours(install, client):
    client.indices.delete(index=mapping.agreement_index(install))
    client.indices.delete_index_template(name=install.named(mapping.AGREEMENTS_INDEX))
    client.indices.create(index=mapping.agreement_index(install))
    with pytest.raises(Fatal, match="was not made by accordwire"):
        index.apply(install)


def test_two_installations_on_one_server_do_not_meet(install, client):
    other = install.model_copy(update={"namespace": f"{install.namespace}b"})
    assert not index.plan(other).is_empty
    document = Documents.shape().articles.build(article(title="Pakt"))
    client.index(index=mapping.article_index(install, "2026.02"), document=document, refresh=True)
    assert client.count(index=install.named("articles"))["count"] == 1
    assert not client.indices.exists(index=other.named("articles"))


def test_the_turkish_chain_keeps_numerals_and_joins_inflections(install, client):
    name = mapping.agreement_index(install)

    def words(analyzer, text):
        return [one["token"] for one in client.indices.analyze(index=name, analyzer=analyzer, text=text)["tokens"]]

    assert words("tr_stem", "1 milyar dolarlık ANLAŞMALARI") == ["1", "milyar", "dolar", "anlaşma"]
    assert words("tr_exact", "İslamabad’da IŞIK") == ["islamabad", "ışık"]
    assert words("tr_exact", "i\u0307mza") == ["imza"]
    assert words("neutral", "Côte d’Ivoire'da Işık") == ["cote", "d", "ivoire", "da", "isik"]
    assert words("ru_stem", "подписали Договорённость") == ["подписать", "договоренность"]


def test_a_server_that_is_away_is_said_plainly(install):
    gone = install.elasticsearch.model_copy(update={"url": "http://somebody:secret@127.0.0.1:9"})
    with pytest.raises(Unavailable, match="run: accordwire up") as caught:
        index.plan(install.model_copy(update={"elasticsearch": gone}))
    assert "secret" not in str(caught.value)
