import json
from pathlib import Path

import pytest

from pipeline.text import language
from pipeline.text.language import identify

GOLD = sorted((Path(__file__).parents[2] / "quality" / "gold").glob("*.jsonl"))


@pytest.mark.parametrize("corpus", GOLD, ids=lambda path: path.stem)
def test_long_articles_are_in_the_language_they_were_written_in(corpus):
    for line in map(json.loads, corpus.read_text("utf-8").splitlines()):
        long = f"{line['title']}\n{line['text']}\n\n{line['text']}\n\n{line['text']}"
        assert identify(long)[0] == line["lang"], line["id"]


def test_foreign_head_does_not_decide_for_the_text():
    head = "The Prime Minister of the United Kingdom said in London: "
    body = "Bakanlık, iki ülke arasındaki müzakerelerin gelecek hafta yeniden başlayacağını duyurdu. " * 8
    assert identify(head + body)[0] == "tr"


def test_cost_does_not_grow_with_the_text(monkeypatch):
    seen = []

    class Identifier:
        def classify(self, sample):
            seen.append(len(sample))
            return "en", 1.0

    monkeypatch.setattr(language, "_identifier", Identifier)
    identify("word " * 100_000)
    assert seen[0] < 300


@pytest.mark.parametrize("text", ["", "   ", "12.03.2026 – 14:05", "?!"])
def test_text_without_letters_has_no_language(text):
    assert identify(text) == ("und", 0.0)
