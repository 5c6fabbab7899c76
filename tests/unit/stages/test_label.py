from pipeline.models.codes import Instrument, PartyRole, Polarity, Status
from pipeline.models.mention import ActDate, Facts, Party, Place
from pipeline.stages.label import label


def facts(*parties, instrument="joint_declaration", polarity="asserted", **more):
    return Facts(
        instrument=Instrument(instrument),
        status=Status.SIGNED,
        polarity=Polarity(polarity),
        parties=tuple(Party(id=party, name=f"Name of {party}") for party in parties),
        **more,
    )


def test_a_label_reads_as_one_line_of_codes():
    made = facts(
        "PAK",
        "KAZ",
        subject="strategic_partnership",
        place=Place(name="İslamabad"),
        date=ActDate(value="2026-02-04"),
    )
    assert label(made) == "KAZ–PAK · joint declaration · strategic partnership · signed · Islamabad · 2026-02-04"


def test_what_is_unknown_is_left_out():
    assert label(facts("KAZ", "PAK")) == "KAZ–PAK · joint declaration · signed"


def test_a_package_says_how_many():
    made = facts("KAZ", "PAK", instrument="memorandum_of_understanding", document_count=18)
    assert label(made) == "KAZ–PAK · 18 × memorandum of understanding · signed"


def test_many_parties_are_counted_not_listed():
    assert label(facts("A", "B", "C", "D", "E", "F")).startswith("A–B–C–D–+2 ·")


def test_unresolved_names_read_as_written_and_known_ones_by_their_id():
    assert label(facts("unresolved:x7", "org:world_bank")).startswith("Name of unresolved:x7–world bank ·")


def test_what_is_not_asserted_says_so():
    assert label(facts("KAZ", "PAK", polarity="denied")).endswith("signed (denied)")


def test_marks_of_other_alphabets_stay():
    assert "Шанхай" in label(facts("KAZ", place=Place(name="Шанхай")))


def test_witnesses_are_not_in_the_label():
    witness = Party(id="TUR", role=PartyRole.WITNESS)
    made = Facts(instrument=Instrument.AGREEMENT, status=Status.SIGNED, parties=(Party(id="KAZ"), witness))
    assert label(made) == "KAZ · agreement · signed"
