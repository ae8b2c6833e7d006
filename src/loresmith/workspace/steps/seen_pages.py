"""Has pages without a text layer read by the model of `documents.vision`, page by page.

Every reply is in the cache before it is used: what was killed goes on, and no page is paid for
twice. A page that the model cannot read stays without text, with the reason; the next run asks for
it again.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from loresmith.component import content_id
from loresmith.documents.base import SeenPage
from loresmith.documents.document_folder import DocumentFolder
from loresmith.documents.vision import PageText, VisionModel, page_request
from loresmith.errors import DocumentError, ModelError, ModelUnavailable
from loresmith.models.budget import Allowance, Budget
from loresmith.models.hosted import HostedModel
from loresmith.models.pictures import Picture
from loresmith.models.prices import Prices
from loresmith.models.structured import Asker
from loresmith.records import Outcome, Usage
from loresmith.workspace.context import Context

if TYPE_CHECKING:
    from loresmith.documents.reading_process import ReadingProcesses
    from loresmith.models.cache import ReplyCache
    from loresmith.workspace.steps.parse import Source

_GIVE_UP_AFTER = 3
"""Pages in a row for which no model is there: no further one is asked for."""
WAITING = "pages without a text layer wait for the model of documents.vision"


def vision_of(context: Context) -> VisionModel | None:
    """The model that reads pages, where one is named."""
    vision = context.recipe.documents.vision
    return vision if isinstance(vision, VisionModel) else None


def pages_key(source_key: str) -> str:
    """Where it is kept that pages of a file have no text yet, and why."""
    return content_id("pages", source_key)


def note_waiting(context: Context, source: Source) -> None:
    """Writes down that pages of a file are still to be read, where there is a model for it."""
    if vision_of(context) is not None:
        context.fail(pages_key(source.key), "pages", source.name, f"{source.name}: {WAITING}")


def waiting(context: Context, found: Sequence[Source]) -> list[Source]:
    """The files with pages that are still to be read by the model."""
    if vision_of(context) is None:
        return []
    keys = {pages_key(source.key): source for source in found}
    left = [one for one in context.store.get(Outcome, list(keys)) if one.failure]
    return [keys[one.id] for one in left]


class SeenPages(NamedTuple):
    """What came of the pages of one file."""

    pages: tuple[SeenPage, ...]
    """Those that were read, blank ones among them."""
    faults: tuple[str, ...]
    """Why others were not."""


class PageReader:
    """Reads the silent pages of files, with as many calls in flight as the model takes."""

    def __init__(self, context: Context, asker: Asker, processes: ReadingProcesses) -> None:
        self._context = context
        self._asker = asker
        self._processes = processes
        self._vision = vision_of(context)
        self._unavailable = 0
        self._told: ModelError | None = None

    def read(self, source: Source) -> SeenPages:
        """The texts of the pages. Raises DocumentError where the file cannot be opened, and
        JobCancelled."""
        vision, folder = self._vision, self._context.recipe.documents
        assert vision is not None  # there is a reader only where a model is named
        silent = self._silent(folder, source)
        asked = silent[: vision.max_pages]
        texts: list[SeenPage] = []
        faults: list[str] = []
        workers = max(1, min(len(asked), self._asker.model.most_concurrency))
        pool = ThreadPoolExecutor(workers, thread_name_prefix="pages")
        try:
            under_way = [(page, pool.submit(self._read_page, source, page)) for page in asked]
            for number, (page, future) in enumerate(under_way, 1):
                try:
                    texts.append(future.result())
                except (ModelError, DocumentError) as error:
                    faults.append(f"page {page}: {error.message}")
                self._context.spent(self._asker.usage)
                note = f"{source.name}, page {page}"
                self._context.tell("parse", number, len(asked), note)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        if len(silent) > len(asked):
            faults.append(f"more than documents.vision.max_pages ({vision.max_pages}) pages")
        return SeenPages(tuple(texts), tuple(faults))

    def _silent(self, folder: DocumentFolder, source: Source) -> tuple[int, ...]:
        task = folder.task(
            source.path, name=source.name, member=source.member, wanted="silent pages"
        )
        return self._processes.answer(task).pages

    def _read_page(self, source: Source, page: int) -> SeenPage:
        if self._told is not None:
            raise self._told
        vision, model = self._vision, self._asker.model
        assert vision is not None and isinstance(model, HostedModel)
        picture = self._picture(source, page, vision.max_pixels)
        with model.pictures.shown(picture) as mark:
            try:
                read: PageText = self._asker.ask(page_request(mark, vision))
            except ModelUnavailable as error:
                self._unavailable += 1
                if self._unavailable >= _GIVE_UP_AFTER:
                    self._told = error
                raise
        self._unavailable = 0
        return SeenPage(number=page, text=read.text, model=model.name)

    def _picture(self, source: Source, page: int, max_pixels: int) -> Picture:
        task = self._context.recipe.documents.task(
            source.path,
            name=source.name,
            member=source.member,
            wanted="picture",
            page=page,
            max_pixels=max_pixels,
        )
        drawn = self._processes.answer(task).picture
        assert drawn is not None  # what a task of this kind is answered with
        return Picture(base64.b64decode(drawn.png), "image/png", drawn.width, drawn.height)


@contextmanager
def page_reader(context: Context, processes: ReadingProcesses) -> Iterator[PageReader]:
    """The model, ready to be asked through the project's cache. Raises a ModelError where it
    cannot be opened."""
    from loresmith.models.cache import ReplyCache

    vision = vision_of(context)
    assert vision is not None  # nobody asks for a reader otherwise
    with vision.open() as model, ReplyCache(context.project.replies) as cache:
        allowance = _allowance(context, vision, model, cache)
        asker = Asker(model, cache, attempts=vision.attempts, job=context.job, allowance=allowance)
        yield PageReader(context, asker, processes)


def _allowance(
    context: Context, vision: VisionModel, model: HostedModel, cache: ReplyCache
) -> Allowance | None:
    """What is left of the budget for pages; None where there is none."""
    if vision.budget == Budget():
        return None
    mine = [
        one for one in cache.spending() if (one.endpoint, one.model) == (model.endpoint, model.name)
    ]
    spent = sum((one.usage for one in mine), Usage())
    price = Prices(context.settings.home).of(model.endpoint, model.name)
    return Allowance(vision.budget, spent, price, model=model.name)
