"""Why: ModelScope is where many in China get their models; its plain HTTP interface is enough.

`MODELSCOPE_DOMAIN` names another site of it, as for its own package. Sources: the endpoints
`/api/v1/models/ID/repo/files` and `/api/v1/models/ID/repo` of modelscope's Python client.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from loresmith.errors import ModelUnavailable
from loresmith.models.base_model_facts import BaseModelFacts, free_bytes
from loresmith.models.build_once import build_once, is_built
from loresmith.models.weights import model_files
from loresmith.settings import Settings

_REVISION = "master"
_SECONDS_TO_ANSWER = 8.0
_SECONDS_WITHOUT_A_BYTE = 60.0
_ATTEMPTS_IN_VAIN = 5
_PAUSE = 2.0  # seconds between attempts


def describe_on_modelscope(model_id: str, settings: Settings) -> BaseModelFacts:
    """The facts of a model on ModelScope; of our copy, without asking, where it is here."""
    folder = _folder(model_id, settings)
    missing = 0 if is_built(folder) else sum(file.size for file in _list(model_id))
    return BaseModelFacts(
        name=f"modelscope:{model_id}",
        source="modelscope",
        folder=folder,
        parameters=None,
        bytes_to_download=missing,
        bytes_free=free_bytes(folder),
    )


def fetch_from_modelscope(
    model_id: str, settings: Settings, *, on_progress: Callable[[str], None] | None = None
) -> Path:
    """Downloads a model into our models folder; an interrupted download goes on where it was."""
    say = on_progress if on_progress is not None else _say_nothing

    def build(folder: Path) -> dict[str, str]:
        for file in _list(model_id):
            say(f"downloading {file.path} of {model_id} ({file.size / 1e6:.0f} MB)")
            _download(model_id, file, folder / file.path)
        return {"model": model_id, "origin": _endpoint()}

    return build_once(_folder(model_id, settings), build, on_progress=say, resume=True)


class _File(BaseModel):
    path: str = Field(alias="Path")
    size: int = Field(alias="Size")
    kind: str = Field(alias="Type", default="blob")
    sha256: str = Field(alias="Sha256", default="")


def _list(model_id: str) -> list[_File]:
    """The files that make up the model."""
    import httpx

    with _errors_of_the_site(model_id):
        answer = httpx.get(
            f"{_endpoint()}/api/v1/models/{model_id}/repo/files",
            params={"Revision": _REVISION, "Recursive": "true"},
            timeout=_SECONDS_TO_ANSWER,
            follow_redirects=True,
        )
        if answer.status_code == 404:
            raise ModelUnavailable(
                f"there is no base model {model_id!r} on {_endpoint()}",
                hint="Check the spelling: modelscope:OWNER/NAME.",
            )
        answer.raise_for_status()
        listed = [_File.model_validate(entry) for entry in answer.json()["Data"]["Files"]]
    files = {file.path: file for file in listed if file.kind != "tree"}
    wanted = model_files(files)
    if not wanted:
        raise ModelUnavailable(
            f"{model_id!r} is on ModelScope, but holds no safetensors weights",
            hint="Name a repository with the original weights, not GGUF or another format.",
        )
    return [files[name] for name in wanted]


def _download(model_id: str, file: _File, target: Path) -> None:
    """Fetches one file, going on from what is there of it, and checks it."""
    part = target.with_name(target.name + ".part")
    if target.is_file():
        return
    with _errors_of_the_site(model_id):
        _fetch(model_id, file, part)
    if part.stat().st_size != file.size or (file.sha256 and _sha256(part) != file.sha256):
        part.unlink()
        raise ModelUnavailable(
            f"{file.path} of {model_id!r} arrived damaged", hint="Run again to fetch it anew."
        )
    part.rename(target)


def _fetch(model_id: str, file: _File, part: Path) -> None:
    """Goes on until the file is whole; gives up when attempts in a row bring no byte."""
    import httpx

    in_vain = 0
    while (had := _size(part)) < file.size or not part.exists():
        try:
            _append(model_id, file, part)
        except (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError) as error:
            in_vain = in_vain + 1 if _size(part) <= had else 0
            if in_vain == _ATTEMPTS_IN_VAIN:
                raise ModelUnavailable(
                    f"the download of {file.path} of {model_id!r} broke off at "
                    f"{_size(part) / 1e6:.0f} of {file.size / 1e6:.0f} MB",
                    hint="Run again: it goes on where it was.",
                ) from error
            time.sleep(_PAUSE)


def _append(model_id: str, file: _File, part: Path) -> None:
    import httpx

    have = _size(part)
    with httpx.stream(
        "GET",
        f"{_endpoint()}/api/v1/models/{model_id}/repo",
        params={"Revision": _REVISION, "FilePath": file.path},
        headers={"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})},
        timeout=httpx.Timeout(_SECONDS_WITHOUT_A_BYTE, connect=_SECONDS_TO_ANSWER),
        follow_redirects=True,
    ) as answer:
        answer.raise_for_status()
        with part.open("ab" if answer.status_code == 206 else "wb") as stream:
            for piece in answer.iter_raw():  # as it comes: what a break cuts off is then the least
                stream.write(piece)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextmanager
def _errors_of_the_site(model_id: str) -> Iterator[None]:
    import httpx

    try:
        yield
    except httpx.HTTPStatusError as error:
        raise ModelUnavailable(
            f"{_endpoint()} answered {error.response.status_code} when asked for {model_id!r}",
            hint="Try again later, or name a local folder or a model of another hub.",
        ) from error
    except httpx.HTTPError as error:
        raise ModelUnavailable(
            f"{_endpoint()} cannot be reached, so the base model {model_id!r} can be neither "
            f"checked nor downloaded ({error.__class__.__name__})",
            hint="Check the network and proxy, or name a local folder or the embedded model "
            "(`embedded`).",
        ) from error
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise ModelUnavailable(
            f"{_endpoint()} answered something else than a list of files for {model_id!r}",
            hint="Check MODELSCOPE_DOMAIN.",
        ) from error


def _endpoint() -> str:
    domain = os.environ.get("MODELSCOPE_DOMAIN", "").rstrip("/") or "www.modelscope.cn"
    return domain if "://" in domain else f"https://{domain}"


def _folder(model_id: str, settings: Settings) -> Path:
    return settings.models / f"modelscope--{model_id.replace('/', '--')}"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _say_nothing(_words: str) -> None:
    return None
