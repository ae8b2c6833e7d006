"""The page Train: settings with a look ahead, the run that is at work, and all runs' curves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from loresmith.api.dependencies import ProjectHere, WorkspaceHere
from loresmith.errors import Conflict, LoresmithError
from loresmith.web.i18n import gettext_of, language_of_request
from loresmith.web.rendering import render
from loresmith.web.schema_forms import Typed, fault_texts, said_of, typed_of, typed_over
from loresmith.web.toasts import with_toast
from loresmith.workspace.background import Background
from loresmith.workspace.forms import form_as_typed, submission_of
from loresmith.workspace.recipes import change_recipe, recipe_etag
from loresmith.workspace.runs import FORM_PATHS, Check, ExportRequest, NotReady, Runs, SampleReply
from loresmith.workspace.workspace import Workspace

router = APIRouter(prefix="/projects/{project_id}/train")
TypedHere = Annotated[Typed, Depends(typed_of)]


@router.get("")
def train(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """Everything at once; the live parts ask for themselves from then on."""
    return render(
        request,
        "train/index.html",
        page="train",
        project=project,
        **_job(workspace),
        **_form(request, workspace),
    )


@router.get("/runs")
def runs(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """The list of runs."""
    return render(request, "train/_runs.html", project=project, runs=Runs(workspace).all())


@router.get("/differences")
def differences(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    run: Annotated[list[str] | None, Query(max_length=10)] = None,
) -> Response:
    """The chosen runs beside one another, by settings and by what came of them."""
    everything = Runs(workspace)
    known = {one.id for one in everything.all()}
    chosen = list(dict.fromkeys(one for one in run or () if one in known))
    compared = everything.compare(chosen) if len(chosen) > 1 else None
    return render(request, "train/_differences.html", project=project, compared=compared)


@router.get("/job")
def job(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """What is at work now, or how the latest training ended."""
    return render(request, "train/_job.html", project=project, **_job(workspace))


@router.get("/log")
def log(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """The end of the log of that job."""
    latest = Runs(workspace).job()
    text = Background(workspace).log(latest.id).text if latest is not None else ""
    return render(request, "train/_log.html", project=project, text=text)


@router.get("/sample")
def sample(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """One row as the newest run trains it, with what is learned of it."""
    runs = Runs(workspace)
    newest = next((run.id for run in runs.all()), None)
    found = runs.shown_row(newest) if newest is not None else None
    return render(request, "train/_sample.html", project=project, run=newest, sample=found)


@router.post("/form")
def form(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, typed: TypedHere
) -> Response:
    """The form for the types that are chosen in it now."""
    shown = form_as_typed(workspace.recipe, typed, *FORM_PATHS)
    return render(
        request,
        "train/_form.html",
        project=project,
        **_form(request, workspace) | {"form": shown, "typed": typed_over(shown, typed)},
    )


@router.post("/look")
def look(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, typed: TypedHere
) -> Response:
    """Checks, an estimate, the command and the YAML for the form as it is filled in."""
    submitted = submission_of(workspace.recipe, typed, *FORM_PATHS)
    shown: dict[str, Any] = {"project": project, "readiness": None, "offer": None}
    if submitted.recipe is not None:
        shown["readiness"] = Runs(workspace).checks(submitted.changes)
        shown["offer"] = Runs(workspace).offer(submitted.changes)
    return render(request, "train/_look.html", **shown)


@router.post("/start")
def start(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, typed: TypedHere
) -> Response:
    """Saves the form and queues the training; the form again, with faults where there are some."""
    verb: Literal["train", "run"] = "train" if typed.get("verb") == ["train"] else "run"

    def begin(changes: dict[str, Any], etag: str) -> None:
        Runs(workspace).start(changes, verb=verb, expected=etag or None, only_if_ready=True)

    _ = gettext_of(request)
    return _carried_out(request, project, workspace, typed, begin, _("The training is queued."))


@router.post("/save")
def save(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, typed: TypedHere
) -> Response:
    """Saves the form without starting anything."""

    def keep(changes: dict[str, Any], etag: str) -> None:
        if changes:
            change_recipe(workspace.project.folder, changes, expected=etag or None)

    _ = gettext_of(request)
    return _carried_out(request, project, workspace, typed, keep, _("The settings are saved."))


@router.post("/stop")
def stop(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """Asks the training to stop after saving a checkpoint."""
    Runs(workspace).stop()
    return render(request, "train/_job.html", project=project, **_job(workspace))


@router.post("/again")
def again(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """Lets the latest training that failed or was stopped go on, by its own settings."""
    Runs(workspace).again()
    answer = render(request, "train/_job.html", project=project, **_job(workspace))
    _ = gettext_of(request)
    return with_toast(answer, _("The training is queued."), event="runschanged")


@router.post("/runs/{run_id}/resume")
def resume(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, run_id: str
) -> Response:
    """Queues a run again, by its own settings."""
    Runs(workspace).resume(run_id)
    answer = render(request, "train/_runs.html", project=project, runs=Runs(workspace).all())
    _ = gettext_of(request)
    return with_toast(answer, _("The run goes on after its last checkpoint."), event="runschanged")


@router.post("/runs/{run_id}/export")
def export(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, run_id: str
) -> Response:
    """Queues an export of a trained run; its card is in the language of the page."""
    Runs(workspace).export(run_id, ExportRequest(language=language_of_request(request)))
    answer = render(request, "train/_runs.html", project=project, runs=Runs(workspace).all())
    _ = gettext_of(request)
    said = _("The export is queued; it is written to runs/%(run)s/export.", run=run_id)
    return with_toast(answer, said, event="runschanged")


@router.get("/samples")
def samples(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    run: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """What the model of a run answered as it learned: the chosen run's, else the newest's."""
    runs = Runs(workspace)
    known = [one.id for one in runs.all()]
    chosen = run if run in known else next(iter(known), "")
    found = runs.sample_replies(chosen) if chosen else []
    by_prompt: dict[str, list[SampleReply]] = {}
    for one in found:
        by_prompt.setdefault(one.prompt, []).append(one)
    return render(
        request,
        "train/_samples.html",
        project=project,
        runs=known,
        chosen=chosen,
        by_prompt=by_prompt,
    )


@router.get("/runs/{run_id}/delete")
def ask_to_delete(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, run_id: str
) -> Response:
    """What would be lost."""
    loss = Runs(workspace).loss_of(run_id)
    return render(request, "train/_delete.html", project=project, loss=loss)


@router.post("/runs/{run_id}/delete")
def delete(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, run_id: str
) -> Response:
    """Deletes the run's files; the list without it."""
    Runs(workspace).delete(run_id)
    answer = render(request, "train/_runs.html", project=project, runs=Runs(workspace).all())
    answer.headers["HX-Trigger"] = "closeDialog"
    return answer


def _carried_out(
    request: Request,
    project: ProjectHere,
    workspace: Workspace,
    typed: Typed,
    act: Callable[[dict[str, Any], str], None],
    done: str,
) -> Response:
    submitted = submission_of(workspace.recipe, typed, *FORM_PATHS)
    faults, problem = fault_texts(request, submitted.faults), None
    in_the_way: tuple[Check, ...] = ()
    if submitted.recipe is not None:
        try:
            act(dict(submitted.changes), (typed.get("etag") or [""])[-1])
        except NotReady as error:
            in_the_way = error.faults
        except Conflict as error:
            problem = error
    if faults or problem is not None or in_the_way:
        shown = form_as_typed(workspace.recipe, typed, *FORM_PATHS)
        again = {"form": shown, "typed": typed_over(shown, typed), "faults": faults}
        filled = _form(request, workspace) | again
        filled |= {"problem": problem, "in_the_way": in_the_way}
        return render(request, "train/_form.html", status=422, project=project, **filled)
    fresh = Workspace(workspace.project.folder)
    answer = render(request, "train/_form.html", project=project, **_form(request, fresh))
    return with_toast(answer, done, event="runschanged")


def _form(request: Request, workspace: Workspace) -> dict[str, Any]:
    return {
        "form": Runs(workspace).form(),
        "etag": recipe_etag(workspace.project.folder),
        "said": said_of(request),
        "faults": {},
        "typed": {},
        "problem": None,
        "in_the_way": (),
    }


def _job(workspace: Workspace) -> dict[str, Any]:
    runs = Runs(workspace)
    everything, job = runs.all(), runs.job()
    at_work = next((run for run in everything if run.state == "training"), None)
    use = None
    if at_work is not None:
        try:
            use = runs.device_use(at_work.id)
        except LoresmithError:  # deleted just now
            use = None
    return {"runs": everything, "job": job, "at_work": at_work, "use": use}
