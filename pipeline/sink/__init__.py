from pipeline.sink.role import run

__all__ = ["run"]
