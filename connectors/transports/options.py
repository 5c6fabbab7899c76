"""A source's own options as a transport declares them. Called by every transport."""

from typing import TypeVar

from pydantic import ValidationError

from connectors.contract import Editable, Source

Options = TypeVar("Options", bound=Editable)


def checked(source: Source, model: type[Options]) -> tuple[Options | None, list[str]]:
    """The options, or None and sentences `options.key: what is wrong` without the values, which may be secret."""
    try:
        return model.model_validate(source.options), []
    except ValidationError as problem:
        errors = problem.errors(include_input=False)
        return None, [f"options.{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors]
