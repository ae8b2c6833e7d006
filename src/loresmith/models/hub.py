"""Why: models of the hub of Hugging Face, or of a mirror, with errors that people can use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loresmith.errors import ModelUnavailable
from loresmith.models.base_model_facts import BaseModelFacts, free_bytes
from loresmith.models.weights import has_all_weights, model_files

_SECONDS_TO_ANSWER = 8.0
_ELSEWHERE = (
    "Set HF_ENDPOINT to a mirror that you can reach, use modelscope:OWNER/NAME, name a local "
    "folder, or the embedded model (`embedded`)."
)


def describe_on_hub(repo: str) -> BaseModelFacts:
    """The facts of a model on the hub; of its cached copy where the hub is out of reach."""
    from huggingface_hub import HfApi

    cached = _cached_snapshot(repo)
    try:
        with _errors_of_the_hub(repo):
            answer = HfApi(endpoint=_endpoint()).model_info(
                repo, files_metadata=True, timeout=_SECONDS_TO_ANSWER
            )
    except _OutOfReach as error:
        if cached is None:
            raise ModelUnavailable(error.message, hint=error.hint) from error
        return _facts(repo, cached, parameters=None, missing=0)
    sizes = {file.rfilename: file.size or 0 for file in answer.siblings or ()}
    files = model_files(sizes)
    if not files:
        raise ModelUnavailable(
            f"{repo!r} is on the hub, but holds no safetensors weights",
            hint="Name a repository with the original weights, not GGUF or another format.",
        )
    missing = sum(sizes[file] for file in files if not _is_cached(repo, file))
    total = answer.safetensors.total if answer.safetensors else None
    return _facts(repo, cached or _cache_folder(), parameters=total, missing=missing)


def fetch_from_hub(repo: str, *, on_progress: Callable[[str], None] | None = None) -> Path:
    """Downloads what is missing into the hub's own cache (HF_HOME); an interrupted one goes on."""
    from huggingface_hub import HfApi, snapshot_download

    if on_progress is not None:
        on_progress(f"downloading {repo} from {_endpoint()}")
    with _errors_of_the_hub(repo):
        names = HfApi(endpoint=_endpoint()).list_repo_files(repo)
        folder = snapshot_download(
            repo,
            endpoint=_endpoint(),
            allow_patterns=model_files(names),
            etag_timeout=_SECONDS_TO_ANSWER,
        )
    return Path(folder)


def fetch_file_from_hub(repo: str, name: str) -> Path:
    """The folder in the hub's cache with one file of the model, which alone is downloaded where it
    is not there. Raises ModelUnavailable."""
    from huggingface_hub import errors, hf_hub_download, try_to_load_from_cache

    cached: Any = try_to_load_from_cache(repo, name)
    if isinstance(cached, str):
        return Path(cached).parent
    try:
        with _errors_of_the_hub(repo):
            file = hf_hub_download(
                repo, name, endpoint=_endpoint(), etag_timeout=_SECONDS_TO_ANSWER
            )
    except errors.EntryNotFoundError as error:
        raise ModelUnavailable(f"the model {repo!r} has no {name} on {_endpoint()}") from error
    return Path(file).parent


class _OutOfReach(ModelUnavailable):
    """The hub did not answer: nothing is known of the model."""


@contextmanager
def _errors_of_the_hub(repo: str) -> Iterator[None]:
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise ModelUnavailable(
            f"the base model {repo!r} is only given to those who accept its licence",
            hint="Accept it on the model's page, and set HF_TOKEN.",
        ) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise ModelUnavailable(
            f"there is no base model {repo!r}: not as a folder here, and not on {_endpoint()}",
            hint="Check the spelling (OWNER/NAME); a private model needs HF_TOKEN.",
        ) from error
    except errors.OfflineModeIsEnabled as error:
        raise _OutOfReach(
            f"the base model {repo!r} is not in the cache, and HF_HUB_OFFLINE forbids to ask",
            hint="Unset HF_HUB_OFFLINE, or name a local folder.",
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        raise _OutOfReach(
            f"the hub {_endpoint()} answered {status} when asked for {repo!r}", hint=_ELSEWHERE
        ) from error
    except (_transport_error(), OSError) as error:
        raise _OutOfReach(
            f"the hub {_endpoint()} cannot be reached, so the base model {repo!r} can be neither "
            f"checked nor downloaded ({error.__class__.__name__})",
            hint=_ELSEWHERE,
        ) from error


def _transport_error() -> type[Exception]:
    """What its HTTP library raises without an answer: httpx or its successor, by version."""
    from huggingface_hub import errors

    found: type[Exception] = vars(errors)["HTTPError"]
    return found


def _facts(repo: str, folder: Path, *, parameters: int | None, missing: int) -> BaseModelFacts:
    return BaseModelFacts(
        name=repo,
        source="hub",
        folder=folder,
        parameters=parameters,
        bytes_to_download=missing,
        bytes_free=free_bytes(folder),
    )


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"


def _cache_folder() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def _is_cached(repo: str, file: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    found: Any = try_to_load_from_cache(repo, file)
    return isinstance(found, str)


def _cached_snapshot(repo: str) -> Path | None:
    """The cached copy of a model if all its weights are there."""
    from huggingface_hub import try_to_load_from_cache

    config: Any = try_to_load_from_cache(repo, "config.json")
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    return folder if has_all_weights(folder) else None
