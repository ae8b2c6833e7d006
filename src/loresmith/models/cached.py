"""Why: what was downloaded earlier, by us or by another program, can be trained without the net.

Only folders are read, and no library is loaded for it. Sources: the layout of the caches of
huggingface_hub (`models--OWNER--NAME/snapshots/REVISION`) and of modelscope (`models/OWNER/NAME`,
earlier without `models`, with `___` for each dot of the name; in newer
versions `models/OWNER--NAME/snapshots/REVISION`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from loresmith.models.build_once import is_built
from loresmith.models.weights import has_all_weights
from loresmith.settings import Settings


class CachedModel(NamedTuple):
    """A model in one of the caches."""

    name: str
    """OWNER/NAME."""
    cache: Literal["hub", "modelscope", "own_modelscope"]
    """That of Hugging Face, of the package modelscope, or ours of models of ModelScope."""
    folder: Path
    bytes: int
    complete: bool
    """False where a download broke off."""


def cached_models(settings: Settings) -> tuple[CachedModel, ...]:
    """The language models in the caches of this machine, by cache and name."""
    found = [*_of_hub(), *_of_modelscope(), *_of_our_own(settings)]
    return tuple(sorted(found, key=lambda one: (one.cache, one.name.lower())))


def folder_bytes(folder: Path) -> int:
    """The size of the files in a folder, not in those below it; what has just gone counts 0."""
    total = 0
    for path in folder.iterdir():
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def own_modelscope_id(folder_name: str) -> str | None:
    """The id of a model of ModelScope that is in our models folder under this name."""
    owner, dashes, name = folder_name.removeprefix(_OWN).partition("--")
    return f"{owner}/{name}" if folder_name.startswith(_OWN) and dashes and owner and name else None


_OWN = "modelscope--"


def _of_hub() -> Iterator[CachedModel]:
    for repo in _folders(_hub_cache()):
        kind, _, name = repo.name.partition("--")
        snapshot = _newest_snapshot(repo)
        if kind == "models" and snapshot is not None and _is_language_model(snapshot):
            whole = has_all_weights(snapshot)
            size = folder_bytes(snapshot)
            yield CachedModel(name.replace("--", "/", 1), "hub", snapshot, size, whole)


def _of_modelscope() -> Iterator[CachedModel]:
    cache = os.environ.get("MODELSCOPE_CACHE", "").strip()
    top = Path(cache).expanduser() if cache else Path.home() / ".cache" / "modelscope" / "hub"
    seen: set[str] = set()
    for name, folder in (
        *_in_snapshots(top / "models"),
        *_by_owner(top / "models"),
        *_by_owner(top),
    ):
        if name not in seen and _is_language_model(folder):
            seen.add(name)
            whole = has_all_weights(folder)
            yield CachedModel(name, "modelscope", folder, folder_bytes(folder), whole)


def _in_snapshots(cache: Path) -> Iterator[tuple[str, Path]]:
    for repo in _folders(cache):
        snapshot = _newest_snapshot(repo) if "--" in repo.name else None
        if snapshot is not None:
            yield repo.name.replace("--", "/", 1), snapshot


def _by_owner(cache: Path) -> Iterator[tuple[str, Path]]:
    for owner in _folders(cache):
        for folder in _folders(owner) if owner.name not in _NO_OWNERS else ():
            # For a name with a dot, the package keeps a link of the real name beside the folder.
            if not folder.is_symlink():
                yield f"{owner.name}/{folder.name.replace('___', '.')}", folder


_NO_OWNERS = frozenset({"models", "datasets", "hub", "temp", "._____temp"})


def _of_our_own(settings: Settings) -> Iterator[CachedModel]:
    for folder in _folders(settings.models):
        name = own_modelscope_id(folder.name)
        if name is not None:
            size = folder_bytes(folder)
            yield CachedModel(name, "own_modelscope", folder, size, is_built(folder))


def _hub_cache() -> Path:
    """As huggingface_hub looks for it, without loading it."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return Path(os.environ[variable]).expanduser()
    home = os.environ.get("HF_HOME") or (
        Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    )
    return Path(home).expanduser() / "hub"


def _newest_snapshot(repo: Path) -> Path | None:
    """The revision that `main` names; else the one that was changed last."""
    snapshots = _folders(repo / "snapshots")
    try:
        main = (repo / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        main = ""
    named = [folder for folder in snapshots if folder.name == main]
    return max(named or snapshots, key=lambda folder: folder.stat().st_mtime, default=None)


def _is_language_model(folder: Path) -> bool:
    """Whether a config says that it writes text; one that says nothing is taken for such."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    named = config.get("architectures") if isinstance(config, dict) else None
    if not named:
        return isinstance(config, dict)
    return any(str(one).endswith(_WRITERS) for one in named)


_WRITERS = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")


def _folders(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return []
