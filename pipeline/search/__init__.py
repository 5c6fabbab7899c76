from pipeline.search.query import search

__all__ = ["search"]
