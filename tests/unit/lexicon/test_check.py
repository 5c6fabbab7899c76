"""A check names every fault at once, with file and entry; and finds what is valid but does not do what it seems to."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.lexicon import check
from pipeline.lexicon.check import Severity
from pipeline.lexicon.names import CountryNames, NameBook
from pipeline.lexicon.schema import Grammar
from pipeline.stages import tag_asked

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"
BOOK, TOPICS = check.names_of(CONFIG)
GRAMMAR = """[grammar]
order = "verb_medial"
link_side = "before"
coordinators = ["and"]
decimal = "."
[[grammar.tails]]
tail = "noun"
pattern = "s?"
"""


def entry(name, forms, yes, no="Rain fell.", kind="act", code="signed", extra=""):
    return (
        f'[[entry]]\nid = "{name}"\nkind = "{kind}"\ncode = "{code}"\nforms = {forms}\nyes = ["{yes}"]\n'
        f'no = ["{no}"]\nsource = "own"\n{extra}\n'
    )


SIGN = entry("xx.sign", '["signed"]', "They [[signed]] it.")


@pytest.fixture
def told(tmp_path):
    """What is found in a language of one file."""

    def run(*entries, grammar=GRAMMAR, name="xx", broken=""):
        folder = tmp_path / name
        folder.mkdir()
        if broken:
            (folder / "broken.toml").write_text(broken, "utf-8")
        (folder / "all.toml").write_text(grammar + "\n".join(entries), "utf-8")
        return check.findings(check.read(folder, BOOK, TOPICS), tag_asked.words())

    return run


def test_clean_language_has_no_findings(told):
    assert told(SIGN) == []


@pytest.mark.parametrize(
    ("wrong", "rule", "what"),
    [
        (entry("yy.sign", '["signed"]', "They [[signed]] it."), "id", "must begin with 'xx'"),
        (entry("xx.sign", '["inked"]', "They [[inked]] it."), "id", "taken in all.toml"),
        (entry("xx.seal", '["sealed"]', "They [[sealed]] it.", code="scribbled"), "code", "'scribbled'"),
        (entry("xx.seal", '["s"]', "[[s]]"), "form", "at least 2 letters"),
        (entry("xx.seal", '["seal{verb}"]', "They [[sealed]] it."), "form", "'verb'"),
        (entry("xx.seal", '["seal(ed"]', "They [[sealed]] it."), "form", "brackets"),
        (entry("xx.seal", '["sealed"]', "They sealed it."), "schema", "[[ ]]"),
        (entry("xx.seal", '["sealed"]', "They [[sealed]] it.", extra="colour = 1"), "schema", "colour"),
        (entry("xx.seal", '["sealed"]', "They [[sealed it]]."), "example", "finds 'sealed' instead"),
        (entry("xx.seal", '["sealed"]', "They [[closed]] it."), "example", "no form fits"),
        (entry("xx.seal", '["sealed"]', "They [[sealed]] it.", no="A sealed jar."), "example", "finds 'sealed'"),
        (entry("xx.peace", '["peace"]', "[[peace]]", kind="topic", code="piece"), "code", "topics.toml"),
    ],
)
def test_fault_names_rule_file_entry_and_what_to_do(told, wrong, rule, what):
    found = [one for one in told(SIGN, wrong) if one.severity is Severity.FAULT]
    (fault,) = [one for one in found if what in one.what]
    assert (fault.rule, fault.file) == (rule, "all.toml")
    assert fault.entry
    assert fault.advice


def test_word_of_one_letter_is_told_to_take_its_space(told):
    found = told(SIGN, entry("xx.is", '["è"]', "It [[è]] signed.", kind="modifier", code="passive"))
    assert ["space" in one.advice for one in found] == [True]


def test_misspelt_key_names_the_nearest_one(told):
    misspelt = entry("xx.seal", '["sealed"]', "They [[sealed]] it.", extra='mark = ["past"]')
    found = told(SIGN, misspelt, grammar=GRAMMAR.replace('decimal = "."', 'decimal = "."\ntime_unit = ["year"]'))
    assert {"key time_units;" in one.advice for one in found} == {True, False}
    assert sum("key marks;" in one.advice for one in found) == 1


def test_frame_that_silences_nothing_is_told(told):
    frame = entry("xx.frame", '["green apple"]', "A [[green apple]].", kind="stop", code="")
    assert [one.rule for one in told(SIGN, frame)] == ["no_effect"]


def test_notes_wait_until_every_file_can_be_read(told):
    frame = entry("xx.frame", '["green apple"]', "A [[green apple]].", kind="stop", code="")
    assert [one.rule for one in told(SIGN, frame, broken="[[entry]]\nid = xx")] == ["toml"]


def test_form_that_ends_in_an_apostrophe_is_plain_or_told_never_to_be_met(told):
    forms = [
        "left l'",
        "left{noun} d'",
        "le(ft|aves) d'",
        "went (from|d')",
        "went (d')?",
        "went d'@past",
        "l'(one|two)",
    ]
    notes = [one.what for one in told(SIGN, entry("xx.leave", json.dumps(forms), "He [[left l']]it."))]
    assert [form for form in forms if any(repr(form) in what and "apostrophe" in what for what in notes)] == forms[1:5]


@pytest.mark.parametrize("code", ["ALBX", "Albania"])
def test_name_of_a_state_that_does_not_exist_is_told_with_its_file(code):
    countries = {"xx": CountryNames(demonyms={code: ("albanese",)}), "it": CountryNames(names={"ALB": ("Albania",)})}
    book = NameBook(countries=countries)
    (fault,) = check.unnamed("xx", book)
    assert (fault.severity, fault.file) == (Severity.FAULT, "names/countries/xx.toml")
    assert repr(code) in fault.what
    assert [one.severity for one in check.unnamed("it", book)] == [Severity.NOTE] * 3


def test_all_faults_are_told_at_once_and_good_entries_still_checked(told):
    found = told(
        entry("yy.a", '["alpha"]', "An [[alpha]]."),
        entry("xx.b", '["b"]', "[[b]]"),
        entry("xx.c", '["gamma"]', "A [[delta]]."),
        entry("xx.d", '["tau"]', "A tau."),
    )
    assert {one.entry for one in found} == {"yy.a", "xx.b", "xx.c", "xx.d"}


def test_entry_that_a_stop_frame_silences_names_the_frame(told):
    frame = entry("xx.no_sign", '["signed off"]', "He [[signed off]].", kind="stop", code="")
    act = entry("xx.sign", '["signed"]', "He [[signed]] off.")
    (fault,) = [one for one in told(frame, act) if one.severity is Severity.FAULT]
    assert "xx.no_sign takes its place" in fault.what


def test_unwritten_entry_is_no_fault_but_keeps_the_language_from_being_finished(told):
    blank = entry("xx.seal", "[]", "x").replace('yes = ["x"]', "yes = []").replace('no = ["Rain fell."]', "no = []")
    (one,) = told(SIGN, blank)
    assert (one.severity, one.entry) == (Severity.UNWRITTEN, "xx.seal")
    assert "forms, yes, no" in one.what


@pytest.mark.parametrize("grammar", ["", GRAMMAR.replace('order = "verb_medial"', 'order = "verbless"')])
def test_grammar_that_is_missing_or_wrong_is_a_fault(told, grammar):
    assert any(
        one.severity is Severity.FAULT and "grammar" in f"{one.rule} {one.what}" for one in told(grammar=grammar)
    )


def test_same_form_with_two_codes_is_a_fault_and_with_one_code_a_note(told):
    found = told(
        entry("xx.a", '["accord{noun}"]', "An [[accord]].", kind="instrument", code="agreement"),
        entry("xx.b", '["pact{noun}", "accord{noun}"]', "A [[pact]].", kind="instrument", code="treaty"),
        entry("xx.c", '["pacts", "accord{noun}"]', "Two [[pacts]].", kind="instrument", code="agreement"),
    )
    collisions = {one.entry: one.severity for one in found if one.rule == "collision"}
    assert collisions == {"xx.b": Severity.FAULT, "xx.c": Severity.NOTE}


def test_form_that_leaves_its_apostrophe_off_is_met_before_the_next_word(told):
    assert told(SIGN, entry("xx.leave", '["le(ft|aves) l"]', "He [[left l]]'accordo.")) == []


def test_name_whose_first_word_is_taken_for_a_word_of_ours_is_told(told):
    found = told(entry("xx.sport", '["league"]', "The [[league]] began.", kind="veto", code=""), name="en")
    assert [one.rule for one in found if one.severity is Severity.NOTE] == []
    assert any("its id must begin with 'en'" in one.what for one in found)


def test_star_that_takes_another_entrys_longer_word_is_told(told):
    (note,) = told(
        entry("xx.say", '["sign*"]', "They [[signed]] it."),
        entry("xx.mean", '["mean{noun}"]', "It [[means]] a signification.", kind="attribution", code="say"),
    )
    assert (note.rule, note.entry) == ("swallow", "xx.say")
    assert "signification" in note.what


def test_form_frame_and_words_without_effect_are_told(told):
    found = told(
        SIGN,
        entry("xx.seal", '["sealed", "seal(ed|s)", "sealed"]', "They [[sealed]] it."),
        entry("xx.frame", '["green apple"]', "A [[green apple]].", kind="stop", code=""),
        entry("xx.may", '["perhaps"]', "[[perhaps]]", kind="modifier", code="perhapsness"),
        entry("xx.wax", '["waxed"]', "They [[waxed]] it.", extra='marks = ["shiny"]'),
        grammar=GRAMMAR + '[[grammar.tails]]\ntail = "verb"\npattern = "ed"\n',
    )
    assert {one.severity for one in found} == {Severity.NOTE}
    told_of = sorted((one.entry or "", re.search("'[^']*'|frame|silences", one.what).group()) for one in found)
    assert ("xx.may", "'perhapsness'") in told_of
    assert ("xx.wax", "'shiny'") in told_of
    assert ("", "'verb'") in told_of
    assert sum(name == "xx.seal" for name, _ in told_of) == 2
    assert any(name == "xx.frame" for name, _ in told_of)


@pytest.mark.parametrize("language", check.languages(CONFIG))
def test_shipped_language_loads_without_a_fault_of_its_files(language):
    found = check.findings(check.read(check.folder_of(CONFIG, language), BOOK, TOPICS), tag_asked.words())
    faults = [one for one in found if one.severity is not Severity.NOTE and one.rule != "collision"]
    assert faults == []


def test_words_the_rules_ask_for_are_read_from_the_rules():
    assert {"planned", "not_yet", "reciprocal", "with", "items", "today", "participle", "mediator"} <= tag_asked.words()
    assert not {"perhapsness", "shiny", "closed_gate"} & tag_asked.words()


def test_draft_is_found_by_its_language_and_unknown_one_says_what_there_is(tmp_path):
    shutil.copytree(CONFIG / "lexicons" / "en", tmp_path / "lexicons" / "xx.draft")
    assert check.folder_of(tmp_path, "xx").name == "xx.draft"
    assert list(check.languages(tmp_path)) == []
    with pytest.raises(ConfigError, match=r"xx\.draft.*lexicon new"):
        check.folder_of(tmp_path, "zz")


def test_every_key_of_the_grammar_is_explained():
    readme = (CONFIG / "lexicons" / "README.md").read_text("utf-8")
    assert [key for key in Grammar.model_fields if not re.search(rf"`{key}\b|grammar\.{key}\b", readme)] == []


def test_every_mark_of_an_entry_that_a_rule_reads_is_explained():
    readme = (CONFIG / "lexicons" / "README.md").read_text("utf-8")
    files = (path.read_text("utf-8") for path in (CONFIG / "lexicons").glob("*/*.toml"))
    entries = [entry for file in files for entry in tomllib.loads(file).get("entry", ())]
    given = {mark for entry in entries for mark in entry.get("marks", ())} & set(tag_asked.words())
    assert sorted(mark for mark in given if not re.search(rf"\b{mark}\b", readme)) == []
