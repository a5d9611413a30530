"""Keeps the files of every ruleset that was in force, by version, for whoever replays what it judged."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping

import fsspec
import orjson


class RuleArchive:
    """Rule files beside the checkpoints, on anything that fsspec knows; what is kept is never changed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._filesystem, self._folder = fsspec.core.url_to_fs(url)

    def keep(self, version: str, files: Mapping[str, bytes]) -> None:
        """Keep the files of a version; OSError where that fails."""
        path = self._path(version)
        if self._filesystem.exists(path):
            return
        self._filesystem.makedirs(self._folder, exist_ok=True)
        content = orjson.dumps({name: b64encode(text).decode() for name, text in files.items()})
        # Whoever reads must find the whole file or none.
        self._filesystem.pipe_file(f"{path}.new", content)
        self._filesystem.mv(f"{path}.new", path)

    def files(self, version: str) -> dict[str, bytes] | None:
        """Return the files of a version, None where they are not kept."""
        try:
            content = self._filesystem.cat_file(self._path(version))
        except FileNotFoundError:
            return None
        return {name: b64decode(text) for name, text in orjson.loads(content).items()}

    def _path(self, version: str) -> str:
        return f"{self._folder}/{version}.json"
