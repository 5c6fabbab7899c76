"""Names as the article spells them: tagging reads without the zero-width non-joiner, people do not. Called by tag."""

import re

import msgspec

from pipeline.models.mention import Mention

_NON_JOINER = "\u200c"
_JOINED_WORD = re.compile(rf"[^\W\d_]+(?:{_NON_JOINER}[^\W\d_]+)+")
_WORD = re.compile(r"[^\W\d_]+")


def spelt(mentions: tuple[Mention, ...], *texts: str) -> tuple[Mention, ...]:
    """The mentions with every name written as in the texts ("رئیس‌جمهور", not "رئیسجمهور")."""
    written = {
        word.replace(_NON_JOINER, ""): word
        for text in texts
        if _NON_JOINER in text
        for word in _JOINED_WORD.findall(text)
    }
    return tuple(_respelt(mention, written) for mention in mentions) if written else mentions


def _respelt(mention: Mention, written: dict[str, str]) -> Mention:
    def as_written(name: str) -> str:
        return _WORD.sub(lambda word: written.get(word.group(), word.group()), name)

    def maybe(name: str | None) -> str | None:
        return None if name is None else as_written(name)

    replace = msgspec.structs.replace
    parties = tuple(replace(party, name=as_written(party.name)) for party in mention.parties)
    people = (
        tuple(replace(person, name=as_written(person.name), office=maybe(person.office)) for person in people)
        for people in (mention.signatories, mention.attended_by)
    )
    signatories, attended_by = people
    return replace(
        mention,
        parties=parties,
        signatories=signatories,
        attended_by=attended_by,
        title=maybe(mention.title),
        label=as_written(mention.label),
        claimed_by=maybe(mention.claimed_by),
        according_to=maybe(mention.according_to),
    )
