"""Languages of the index are data: what the files say, and what is refused in them."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.index.language import Languages

CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture(scope="module")
def languages():
    return Languages.load(CONFIG)


def _lemma(language, form):
    for word in language.words:
        if form in language.forms(word):
            return word.lemma
    return None


@pytest.mark.parametrize(
    ("lemma", "forms"),
    [
        ("anlaşma", "anlaşma anlaşması anlaşmalar anlaşmaları anlaşmanın anlaşmaya anlaşmadan anlaşmasına anlasmasi"),
        ("antlaşma", "antlaşma antlaşması antlaşmanın antlaşmalarına"),
        ("sözleşme", "sözleşme sözleşmesi sözleşmeler sözleşmesine sözleşmenin sozlesmesi"),
        ("protokol", "protokol protokolü protokole protokoller protokolünü protokollerin"),
        ("mutabakat", "mutabakat mutabakata mutabakatı mutabakatın"),
        ("zabıt", "zabıt zaptı zaptının zaptına zaptını zabıtlar"),
        ("bildiri", "bildiri bildirisi bildirisini bildiriye bildiriler"),
        ("ortaklık", "ortaklık ortaklığı ortaklığa ortaklığın ortaklıklar ortaklığına"),
        ("imza", "imza imzası imzalar imzaladı imzalandı imzalanması imzalanacak imzalayan imzalıyor imzalanmıştı"),
        ("milyar", "milyar milyarı milyara milyarlık milyarlarca"),
        ("dolar", "dolar doları dolara dolarlık doların"),
    ],
)
def test_turkish_inflections_fall_together(languages, lemma, forms):
    assert {form: _lemma(languages["tr"], form) for form in forms.split()} == dict.fromkeys(forms.split(), lemma)


@pytest.mark.parametrize("form", ["anlaşmazlık", "anlaşmalı", "uzmanlaşma", "sözleşmeli"])
def test_turkish_look_alikes_are_kept_apart(languages, form):
    assert _lemma(languages["tr"], form) == form


def test_no_stop_list_holds_a_numeral_or_a_negation(languages):
    kept = {
        "tr": "bir iki üç dört beş altı yedi sekiz dokuz on yüz bin milyon milyar yok",
        "en": "one two three ten hundred thousand million billion no not nor",
        "ru": "один два три десять сто тысяча миллион миллиард не нет",
        "und": "",
    }
    for code, language in languages.items():
        assert not set(language.stop) & set(kept[code].split()), code
        assert len(set(language.stop)) == len(language.stop), code


def _write(folder, name, text):
    place = folder / "search" / "languages"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.toml").write_text(text, encoding="utf-8")


UND = 'code = "und"\nname = "other"\n'


def test_a_language_is_added_by_a_file_alone(tmp_path):
    _write(tmp_path, "und", UND)
    _write(tmp_path, "kk", 'code = "kk"\nname = "Kazakh"\n[[words]]\nlemma = "келісім"\nforms = ["келісімі"]\n')
    languages = Languages.load(tmp_path)
    assert languages.field("kk") == "kk"
    chain = languages.analysis()["analyzer"]["kk_stem"]["filter"]
    assert chain == ["kk_lowercase", "kk_words"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('code = "xy"\nname = "X"\n', "code must be 'xx'"),
        ('code = "xx"\nname = "X"\nstemer = "y"\n', "stemer"),
        (
            'code = "xx"\nname = "X"\n[[words]]\nlemma = "a"\nforms = ["f"]\n[[words]]\nlemma = "b"\nforms = ["f"]\n',
            "both 'a' and 'b'",
        ),
        ('code = "xx"\nname = "X"\n[[words]]\nlemma = "a"\nbases = { none = ["f"] }\n', "no paradigm 'none'"),
        ("code = ", "xx.toml"),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(tmp_path, text, complaint):
    _write(tmp_path, "und", UND)
    _write(tmp_path, "xx", text)
    with pytest.raises(ConfigError, match=complaint):
        Languages.load(tmp_path)


def test_without_a_file_for_every_other_language_nothing_starts(tmp_path):
    with pytest.raises(ConfigError, match=r"und\.toml is missing"):
        Languages.load(tmp_path)
