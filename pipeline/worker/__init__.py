"""The stages as Faust agents: the only room that imports Faust."""

from pipeline.worker.role import run

__all__ = ["run"]
