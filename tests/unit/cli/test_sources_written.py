"""`accordwire sources add`, `import`, `export`: what they write, and what they leave alone."""

import json
import tomllib

import pytest
from werkzeug import Response

from connectors import opml
from pipeline.cli.main import main

FEED = (
    "<?xml version='1.0'?><rss version='2.0'><channel><title>Ajans Körfez</title><link>https://x.test/</link>"
    "<language>tr</language>"
    "<item><guid>1</guid><title>İmza töreni</title><link>https://x.test/1</link>"
    "<pubDate>Sun, 01 Mar 2026 09:00:00</pubDate></item></channel></rss>"
)
PAGE = (
    "<!doctype html><html><head><title>Körfez</title>"
    "<link rel='alternate' type='application/rss+xml' href='/gone'>"
    "<link rel='alternate' type='application/rss+xml' href='/rss'></head><body>x</body></html>"
)


@pytest.fixture
def call(tmp_path, capsys, httpserver):
    httpserver.expect_request("/rss").respond_with_data(FEED)
    httpserver.expect_request("/page").respond_with_data(PAGE, content_type="text/html")
    httpserver.expect_request("/empty").respond_with_data("<!doctype html><html><body>x</body></html>")
    httpserver.expect_request("/gone").respond_with_response(Response("", status=410))
    httpserver.expect_request("/robots.txt").respond_with_response(Response("", status=404))
    (tmp_path / "settings.toml").write_text("[connect]\nhost_spacing_secs = 0\n")

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["--config-dir", str(tmp_path), "sources", *(str(one) for one in arguments)])
        return ended.value.code, capsys.readouterr()

    run.folder = tmp_path / "sources"
    run.url = httpserver.url_for
    return run


def written(call):
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(call.folder.glob("*"))}


def test_add_writes_a_file_that_check_finds_in_order(call):
    code, said = call("add", call.url("/rss"), "--id", "korfez", "--allow-private", "--json")
    facts = json.loads(said.out)
    assert (code, facts["written"], facts["items"]) == (0, True, 1)
    text = written(call)["korfez.toml"]
    values = tomllib.loads(text)
    assert values == facts["source"]
    assert (values["publisher"], values["language"], values["verified"]) == ("Ajans Körfez", "tr", False)
    assert values["allow_private_network"] is True
    assert '# timezone = "Europe/Istanbul"' in text
    assert '# country = "TUR"' in text
    assert call("check")[0] == 0


def test_add_finds_the_feed_a_page_links_to_and_passes_over_one_that_is_gone(call):
    code, _ = call("add", call.url("/page"), "--allow-private", "--publisher", "Körfez", "--language", "ku")
    assert code == 0
    (text,) = written(call).values()
    values = tomllib.loads(text)
    assert (values["url"], values["publisher"], values["language"]) == (call.url("/rss"), "Körfez", "ku")


def test_add_writes_nothing_where_there_is_no_feed(call):
    code, said = call("add", call.url("/empty"), "--allow-private", "--json")
    facts = json.loads(said.out)
    assert (code, facts["written"], facts["state"]) == (1, False, "html")
    assert facts["advice"]
    assert written(call) == {}
    code, said = call("add", call.url("/rss"))
    assert code == 1
    assert "not a public address" in said.err


def test_add_dry_run_shows_and_writes_nothing(call):
    code, said = call("add", call.url("/rss"), "--allow-private", "--dry-run")
    assert code == 0
    assert 'publisher = "Ajans Körfez"' in said.out
    assert written(call) == {}


def test_add_refuses_what_is_there_already_by_id_or_address(call):
    assert call("add", call.url("/rss"), "--id", "a", "--allow-private")[0] == 0
    before = written(call)
    code, said = call("add", call.url("/rss"), "--id", "b", "--allow-private")
    assert (code, "polled already, as 'a'" in said.err) == (78, True)
    code, said = call("add", call.url("/page"), "--id", "b", "--allow-private")
    assert (code, "polled already, as 'a'" in said.err) == (78, True)
    code, said = call("add", call.url("/page"), "--id", "a", "--allow-private")
    assert (code, "'a' is taken" in said.err) == (78, True)
    code, said = call("add", call.url("/gone"), "--id", "Not An Id", "--allow-private")
    assert code in (1, 78)
    assert written(call) == before


def outlines(*urls):
    body = "".join(f'<outline type="rss" text="Ajans {number}" xmlUrl="{url}"/>' for number, url in enumerate(urls))
    return f'<opml version="2.0"><body><outline text="Dünya">{body}</outline></body></opml>'


def test_import_writes_a_file_per_host_and_a_second_time_nothing(call, tmp_path):
    urls = ("https://a.org/rss", "https://www.a.org/world", "https://b.org/feed")
    (tmp_path / "in.opml").write_text(outlines(*urls), encoding="utf-8")
    code, said = call("import", tmp_path / "in.opml", "--json")
    assert (code, json.loads(said.out)["wrong"]) == (0, [])
    files = written(call)
    assert set(files) == {"a-org.toml", "b-org.toml"}
    first = tomllib.loads(files["a-org.toml"])["source"]
    assert [(one["id"], one["publisher"], one["note"]) for one in first] == [
        ("a", "Ajans 0", "In the list under: Dünya"),
        ("a-world", "Ajans 1", "In the list under: Dünya"),
    ]
    code, said = call("import", tmp_path / "in.opml", "--json")
    facts = json.loads(said.out)
    assert (code, len(facts["doubles"]), facts["files"]) == (0, 3, {})
    assert written(call) == files


def test_import_a_bad_outline_costs_itself_and_the_exit_code_tells(call, tmp_path):
    (tmp_path / "in.opml").write_text(outlines("https://a.org/rss", "gopher://b.org/"), encoding="utf-8")
    code, said = call("import", tmp_path / "in.opml", "--dry-run")
    assert (code, "gopher" in said.err) == (65, True)
    assert written(call) == {}
    assert call("import", tmp_path / "in.opml")[0] == 65
    assert set(written(call)) == {"a-org.toml"}
    (tmp_path / "no.opml").write_text("hello")
    code, said = call("import", tmp_path / "no.opml")
    assert (code, "no.opml" in said.err) == (65, True)


def test_import_leaves_a_file_a_person_wrote_alone(call, tmp_path):
    call.folder.mkdir()
    own = 'id = "mine"\npublisher = "M"\nurl = "https://a.org/mine"\n'
    (call.folder / "a-org.toml").write_text(own)
    (tmp_path / "in.opml").write_text(outlines("https://a.org/mine", "https://a.org/rss"))
    assert call("import", tmp_path / "in.opml")[0] == 0
    assert written(call)["a-org.toml"] == own
    assert tomllib.loads(written(call)["a-org-2.toml"])["url"] == "https://a.org/rss"


def test_what_was_exported_is_imported_under_the_same_ids(call, tmp_path):
    call.folder.mkdir()
    for name, more in (("aa-tr", 'language = "tr"'), ("aa-en", 'language = "en"'), ("other", "")):
        (call.folder / f"{name}.toml").write_text(
            f'id = "{name}"\npublisher = "Ajans & Oğulları"\nurl = "https://{name[:2]}.org/{name}?a=1&b=2"\n{more}\n'
            'options = { username = "u", password = "geheim" }\n',
            encoding="utf-8",
        )
    assert call("export", tmp_path / "out.opml")[0] == 0
    assert "geheim" not in (tmp_path / "out.opml").read_text(encoding="utf-8")
    code, said = call("export")
    assert (code, len(opml.read(said.out.encode()).outlines)) == (0, 3)
    elsewhere = tmp_path / "elsewhere"
    assert call("import", tmp_path / "out.opml", "--sources", elsewhere)[0] == 0

    def listed(*where):
        keys = ("id", "publisher", "url", "language")
        rows = json.loads(call("list", "--json", *where)[1].out)
        return sorted(tuple(row[key] or "" for key in keys) for row in rows)

    assert listed("--sources", elsewhere) == listed()


def test_pause_of_an_unknown_source_names_the_nearest(call):
    call.folder.mkdir()
    (call.folder / "a.toml").write_text('id = "aa-tr"\npublisher = "A"\nurl = "https://a.org/"\n')
    code, said = call("pause", "aa-rt")
    assert (code, "did you mean 'aa-tr'" in said.err) == (78, True)
    code, said = call("pause", "aa-tr", "--for", "soon")
    assert (code, "examples" in said.err) == (64, True)
