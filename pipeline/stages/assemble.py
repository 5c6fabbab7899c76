"""The stages of one installation, in the order an item meets them. Called by the worker and the rehearsal."""

from pathlib import Path

from pipeline import lexicon
from pipeline.stages.consolidate import Consolidate
from pipeline.stages.contract import Stage
from pipeline.stages.deduplicate import Deduplicate
from pipeline.stages.parse import Parser
from pipeline.stages.tag import Tagger
from pipeline.stages.work import Backfill, ParseAndTag


def build(config_dir: Path) -> list[Stage]:
    """Parse + tag, of live news and of the backfill lane, deduplicate, consolidate.

    Reads all word lists; raises ConfigError naming file and key.
    """
    parser, tagger = Parser(config_dir), Tagger(lexicon.load(config_dir))
    # Else the first records of every language would wait for their matchers.
    tagger.warm()
    return [ParseAndTag(parser, tagger), Backfill(parser, tagger), Deduplicate(), Consolidate()]
