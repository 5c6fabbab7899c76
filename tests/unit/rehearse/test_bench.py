from pipeline.rehearse.bench import Result, Round, page
from pipeline.rehearse.feed_rate import FeedRate
from pipeline.rehearse.steady import Latency, Steady, Weight, growth

STEADY = Steady(
    (Latency(10, 300, 1.1, 1.8, 2.2),), 250.0, 3000, (Weight(0, 310, 90), Weight(3000, 330, 95)), 1048.6, 0.0
)


def test_the_page_names_machine_commit_and_every_round():
    rounds = (Round(300.0, 380.0, 450.0, 600.0), Round(310.0, 390.0, 400.0, 590.0))
    result = Result(
        articles_per_sec=305.0,
        worker_per_sec=385.0,
        sink_per_sec=425.0,
        bare_per_sec=595.0,
        ratio=0.714,
        articles=5000,
        bytes_per_article=2948,
        rounds=rounds,
        steady=STEADY,
        feeds=FeedRate(entries=720, bytes_per_entry=1954, ours_per_sec=2100, feedparser_per_sec=1000, ratio=2.1),
        machine="a machine, 2 cores",
        commit="abc123",
    )
    shown = page(result)
    assert "commit abc123 on a machine, 2 cores" in shown
    assert "| 1 | 300 | 380 | 450 | 600 | 0.75 |" in shown
    assert "| **median** | **305** | **385** | **425** | **595** | **0.71** |" in shown
    assert "| 10 | 300 | 1.1 | 1.8 | 2.2 |" in shown
    assert "while 3000 articles are published" in shown
    assert "| 3000 | 330 | 95 |" in shown
    assert "grows by 1049 bytes an article, the sink by 0." in shown
    assert "**2100 entries/s**" in shown


def test_growth_leaves_out_what_a_process_takes_when_it_begins():
    weights = [Weight(0, 200, 90), Weight(1_000, 220, 100), Weight(11_000, 230, 100)]
    assert growth(weights) == (10 * 2**20 / 10_000, 0.0)
