"""A fresh installation on the configured servers: its own namespace, gone afterwards. Called by run and bench."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline import index
from pipeline.broker import admin
from pipeline.errors import Fatal
from pipeline.index.client import connect, speaking_plainly
from pipeline.settings import Settings

log = logging.getLogger(__name__)


@contextmanager
def installation(settings: Settings, config_dir: Path, *, name: str) -> Iterator[Settings]:
    """Topics and indices of a new namespace (`<namespace>-<name>`), removed at the end whatever happens.

    Raises Unavailable where a server does not answer.
    """
    namespace = f"{settings.namespace or 'accordwire'}-{name}-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="accordwire-") as directory:
        stack = settings.stack.model_copy(update={"directory": Path(directory)})
        fresh = settings.model_copy(update={"namespace": namespace, "stack": stack})
        try:
            admin.apply(fresh)
            index.apply(fresh, config_dir)
            yield fresh
        finally:
            for remove in (admin.delete_all, _delete_indices):
                try:
                    remove(fresh)
                except Fatal as problem:
                    # What went wrong before must not be hidden behind what could not be tidied up after it.
                    log.warning("not removed", extra={"namespace": namespace, "reason": str(problem)})


def _delete_indices(settings: Settings) -> None:
    prefix = f"{settings.namespace}."
    with speaking_plainly(settings), connect(settings) as client:
        # By name: Elasticsearch refuses wildcards here, rightly.
        for name in client.indices.get(index=f"{prefix}*", allow_no_indices=True).body:
            client.indices.delete(index=name)
        templates: dict[str, Any] = client.indices.get_index_template(name=f"{prefix}*").body
        for found in templates["index_templates"]:
            client.indices.delete_index_template(name=found["name"])
        components: dict[str, Any] = client.cluster.get_component_template(name=f"{prefix}*").body
        for found in components["component_templates"]:
            client.cluster.delete_component_template(name=found["name"])
