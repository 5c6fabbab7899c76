"""Words for codes, so that "Kazakhstan defence" finds a record told in Turkish only. From the lexicons' own labels."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Self

from pipeline import lexicon
from pipeline.lexicon import Lexicons
from pipeline.lexicon.names import country_label
from pipeline.models.agreement import Agreement
from pipeline.models.mention import Facts
from pipeline.settings import find_config_dir

# Codes are English snake_case: in English they are their own words.
CODE_LANGUAGE = "en"
_state_name = cache(country_label)
GroupsOf = Callable[[Iterable[str], str], tuple[str, ...]]


def _no_groups(_parties: Iterable[str], _day: str) -> tuple[str, ...]:
    return ()


class Labels:
    """Code → words per language, and the groups a party belonged to on a day."""

    def __init__(self, words: Mapping[str, Mapping[str, str]], groups: GroupsOf = _no_groups) -> None:
        self._words = words
        self._groups = groups

    @classmethod
    def of(cls, lexicons: Lexicons) -> Self:
        """The labels of an installation's lexicons."""
        words = {code: topic.labels for code, topic in lexicons.topics.items()}
        return cls({**words, **lexicons.sectors}, lexicons.groups_of)

    @classmethod
    def load(cls, config_dir: Path | None = None) -> Self:
        """As `of`, reading the lexicons first. Raises ConfigError."""
        return cls.of(lexicon.load(config_dir or find_config_dir()[0]))

    def groups(self, agreement: Agreement) -> tuple[str, ...]:
        """Codes of the groups (EU, C5 …) that any party belonged to when the act took place."""
        day = agreement.date.value if agreement.date else agreement.first_reported.date().isoformat()
        return self._groups((party.id for party in agreement.parties), day)

    def words(self, facts: Facts, language: str) -> str:
        """What a reader of `language` would call the parties, the instrument and the matter."""
        states = [party.id for party in facts.parties if party.kind == "state"]
        if facts.place and facts.place.country:
            states.append(facts.place.country)
        names = [name for name in (_state_name(code, language) for code in dict.fromkeys(states)) if name]
        codes = [code for code in (facts.subject, *facts.fields, *facts.sectors) if code]
        names += [self._words[code].get(language, "") for code in dict.fromkeys(codes) if code in self._words]
        if language == CODE_LANGUAGE:
            own = [facts.instrument, facts.status, facts.partnership_level or "", *codes]
            names += [code.replace("_", " ") for code in own if code not in self._words]
        return " · ".join(dict.fromkeys(filter(None, names)))
