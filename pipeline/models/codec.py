"""Bytes ↔ messages. One decoder per model, built once; a bad message is a `Reject` with a stable reason."""

from functools import cache
from typing import Any, TypeVar

import msgspec

from pipeline.errors import Reject
from pipeline.models.message import Versioned

M = TypeVar("M", bound=Versioned)
_encoder = msgspec.json.Encoder()


class _Envelope(msgspec.Struct):
    schema_version: int = 1


@cache
def _decoder(model: type[Versioned]) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(model)


_envelope_decoder = msgspec.json.Decoder(_Envelope)


def encode(message: Versioned) -> bytes:
    """Message → UTF-8 JSON, keys in the model's order: equal messages give equal bytes."""
    return _encoder.encode(message)


def decode(model: type[M], data: bytes) -> M:
    """UTF-8 JSON → message. Raises Reject: `undecodable`, `schema_version` or `invalid`."""
    try:
        message: M = _decoder(model).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise _why(model, data, problem) from problem
    if message.schema_version != model.SCHEMA_VERSION:
        raise _wrong_version(model, message.schema_version)
    return message


def _why(model: type[Versioned], data: bytes, problem: Exception) -> Reject:
    """A wrong version explains a failed validation better than the first field that differs."""
    try:
        version = _envelope_decoder.decode(data).schema_version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        version = model.SCHEMA_VERSION
    if version != model.SCHEMA_VERSION:
        return _wrong_version(model, version)
    invalid = isinstance(problem, msgspec.ValidationError)
    reason = "invalid" if invalid else "undecodable"
    text = str(problem) or type(problem).__name__
    where = text.rsplit("at `", 1)[1].rstrip("`") if "at `" in text else ""
    return Reject(f"{model.__name__}: {text}", reason=reason, where=where)


def _wrong_version(model: type[Versioned], version: int) -> Reject:
    return Reject(
        f"{model.__name__}: schema_version {version}, this build reads {model.SCHEMA_VERSION}",
        reason="schema_version",
        where="$.schema_version",
    )
