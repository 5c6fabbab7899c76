from pipeline.lexicon.load import Lexicon, Lexicons, load

__all__ = ["Lexicon", "Lexicons", "load"]
