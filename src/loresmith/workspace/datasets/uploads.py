"""Files that a person handed over, until they are imported: kept by hash, never by their name."""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from loresmith.component import content_id
from loresmith.errors import DatasetError, NotFound
from loresmith.workspace.datasets.import_report import Upload

MOST_BYTES = 2_000_000_000
_PART = 1 << 20
_DAY = 86_400
_ID = re.compile(r"[0-9a-f]{24}")


class Uploads:
    """The uploaded files in `folder`; those that nobody imported are gone after a day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, content: BinaryIO) -> Upload:
        """Keeps a copy of `content`. `name` is for people. Raises DatasetError when it is huge."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._forget_old()
        name = plain_name(name)
        digest, size = hashlib.sha256(), 0
        fresh = self._folder / f"{uuid.uuid4().hex}.new"
        try:
            with fresh.open("wb") as stream:
                while part := content.read(_PART):
                    size += len(part)
                    if size > MOST_BYTES:
                        raise DatasetError(
                            f"{name} is larger than {MOST_BYTES / 1e9:g} GB",
                            hint="split it into several files",
                        )
                    digest.update(part)
                    stream.write(part)
            upload = Upload(
                id=content_id("upload", name, digest.hexdigest()), name=name, bytes=size
            )
            (self._folder / f"{upload.id}.json").write_text(
                upload.model_dump_json(), encoding="utf-8"
            )
            fresh.replace(self._folder / upload.id)
        finally:
            fresh.unlink(missing_ok=True)
        return upload

    def get(self, upload_id: str) -> tuple[Upload, Path]:
        """The upload and where its content is; raises NotFound."""
        path = self._folder / upload_id
        if not _ID.fullmatch(upload_id) or not path.is_file():
            raise NotFound("there is no such upload", hint="Hand the file over again.")
        about = path.with_suffix(".json").read_text(encoding="utf-8")
        return Upload.model_validate_json(about), path

    def forget(self, upload_id: str) -> None:
        """Deletes an upload; one that is not there is no fault."""
        if _ID.fullmatch(upload_id):
            (self._folder / upload_id).unlink(missing_ok=True)
            (self._folder / f"{upload_id}.json").unlink(missing_ok=True)

    def _forget_old(self) -> None:
        for path in self._folder.iterdir():
            if path.stat().st_mtime < time.time() - _DAY:
                path.unlink(missing_ok=True)


def plain_name(name: str) -> str:
    """The last part of a file's name, without what no name of a file holds."""
    last = PurePosixPath(name.replace("\\", "/")).name
    shown = re.sub(r"[\x00-\x1f\x7f]", "", last).strip()[:200]
    return shown or "rows"
