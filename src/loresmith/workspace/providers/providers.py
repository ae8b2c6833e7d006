"""The providers that teachers are called at: known by name or added, each with a key of its own.

Nothing else is called for the studio or the API: a teacher that they choose is at one of these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from loresmith.errors import ModelUnavailable, NotFound, RecipeError
from loresmith.models import ModelSpec, OpenAICompatible, parse_teacher
from loresmith.models.forbidden_hosts import refuse_forbidden_host
from loresmith.models.limits.of_machine import EndpointLimits, LimitsOfMachine, limits_key
from loresmith.models.presets import PRESETS
from loresmith.models.wire import is_local
from loresmith.records import Record
from loresmith.settings import secret_of_environment
from loresmith.vault import Vault
from loresmith.workspace.providers.endpoints import Endpoint, Endpoints, NewEndpoint
from loresmith.workspace.recipes import change_recipe
from loresmith.workspace.workspace import Workspace

if TYPE_CHECKING:
    from loresmith.models.diagnosis import Diagnosis, OfferedModels
    from loresmith.recipe import Recipe
    from loresmith.workspace.home import Home

FoundT = TypeVar("FoundT", bound="Diagnosis")
KeyState = Literal["set", "environment", "missing", "optional", "none"]


class Provider(Record):
    """A provider as lists show it. A key is never shown, not even in part."""

    id: str
    """The preset's name, or the id of an added endpoint."""
    name: str
    url: str
    model: str = ""
    """The model that is proposed; may be empty."""
    added: bool
    """Whether somebody added it; it can be removed."""
    key: KeyState
    """`set` here, from the `environment` (which wins), `missing`, `optional` (a server of one's
    own may do without), or `none` (it takes no key)."""
    key_name: str | None
    """The environment variable that the key stands for."""
    limits: EndpointLimits = EndpointLimits()
    """What all jobs of this machine together keep to there."""


class Providers:
    """The providers of a home: their keys, tests, and the choice of a project's teacher."""

    def __init__(self, home: Home) -> None:
        self._vault = Vault(home.settings.home)
        self._limits = LimitsOfMachine(home.settings.home)
        self._endpoints = Endpoints(home.settings.home / "endpoints.json")

    def all(self) -> tuple[Provider, ...]:
        """Those known by name, then those that were added. Raises VaultError and StoreError."""
        kept = self._vault.names()
        presets = tuple(
            Provider(
                id=name,
                name=preset.title,
                url=preset.url,
                added=False,
                key=_key_state(preset.api_key_env, kept, optional=name == "vllm"),
                key_name=preset.api_key_env,
            )
            for name, preset in PRESETS.items()
        )
        found = presets + tuple(_shown(one, kept) for one in self._endpoints.all())
        limits = self._limits.all()
        return tuple(
            one.model_copy(update={"limits": limits.get(limits_key(one.url), EndpointLimits())})
            for one in found
        )

    def get(self, provider_id: str) -> Provider:
        """One provider; raises NotFound."""
        for provider in self.all():
            if provider.id == provider_id:
                return provider
        raise NotFound("there is no such provider")

    def add(self, wanted: NewEndpoint) -> Provider:
        """Adds an endpoint. Raises Conflict, and RecipeError for a host that is never called."""
        _refuse_forbidden(wanted.url)
        return self.get(self._endpoints.add(wanted).id)

    def remove(self, provider_id: str) -> None:
        """Forgets an added endpoint and its key; raises NotFound."""
        gone = self._endpoints.remove(provider_id)
        if gone.key_name is not None:
            self._vault.delete(gone.key_name)

    def set_key(self, provider_id: str, key: str) -> Provider:
        """Keeps a provider's key, encrypted. Raises NotFound and VaultError."""
        name = self.get(provider_id).key_name
        if name is None:
            raise RecipeError("this provider takes no key")
        self._vault.set(name, key)
        return self.get(provider_id)

    def forget_key(self, provider_id: str) -> Provider:
        """Deletes a provider's key here; one in the environment stays. Raises NotFound."""
        name = self.get(provider_id).key_name
        if name is not None:
            self._vault.delete(name)
        return self.get(provider_id)

    def limits(self, provider_id: str) -> EndpointLimits:
        """What all jobs of this machine keep to there. Raises NotFound and StoreError."""
        return self._limits.of(self.get(provider_id).url)

    def set_limits(self, provider_id: str, limits: EndpointLimits) -> EndpointLimits:
        """Keeps them for jobs that begin from now on. Raises NotFound and StoreError."""
        self._limits.set(self.get(provider_id).url, limits)
        return limits

    def test(self, provider_id: str, model: str = "", *, timeout: float = 30.0) -> Diagnosis:
        """One tiny call, and what it found. Raises NotFound, and RecipeError without a model."""
        from loresmith.models.diagnosis import diagnose

        provider = self.get(provider_id)
        name = model.strip() or provider.model
        if not name:
            raise RecipeError("a test needs the name of a model", hint="Write one beside the key.")
        spec = OpenAICompatible.model_validate(self._settings(provider, name))
        return _without_keys(diagnose(spec, timeout=timeout))

    def models(self, provider_id: str, *, timeout: float = 15.0) -> OfferedModels:
        """The models that a provider says it has, or why it does not say. Raises NotFound."""
        from loresmith.models.diagnosis import list_models

        provider = self.get(provider_id)
        settings = self._settings(provider, provider.model or "any")
        return _without_keys(
            list_models(OpenAICompatible.model_validate(settings), timeout=timeout)
        )

    def teacher(self, words: str) -> dict[str, Any]:
        """The settings of a teacher in short: `embedded`, `PROVIDER:MODEL`, or `PRESET:MODEL@URL`
        where the URL is that of an added endpoint. Raises RecipeError, and NotFound."""
        provider_id, colon, model = words.strip().partition(":")
        added = next((one for one in self._endpoints.all() if one.id == provider_id), None)
        if added is not None and colon:
            return self._settings(self.get(added.id), model.strip() or added.model)
        fields = parse_teacher(words)
        if "url" in fields:
            at = next((one for one in self._endpoints.all() if one.url == fields["url"]), None)
            if at is None:
                raise RecipeError(
                    f"{fields['url']} is not among the providers",
                    hint="Add it on the page Models first: only endpoints of that list are called.",
                )
            return self._settings(self.get(at.id), fields["model"])
        return dict(fields)

    def choose_teacher(self, workspace: Workspace, words: str) -> Recipe:
        """Makes that the project's teacher. Raises RecipeError and NotFound."""
        return change_recipe(workspace.project.folder, {"teacher": self.teacher(words)})

    def require_known(self, spec: ModelSpec) -> None:
        """Raises RecipeError where a teacher is at an endpoint that is not among the providers,
        or would be sent a key that is not that endpoint's own.

        A server on this very machine needs no entry in the list, and is sent no key but its
        preset's.
        """
        if not isinstance(spec, OpenAICompatible):
            return
        is_presets_key = spec.api_key_env in (None, PRESETS[spec.preset].api_key_env)
        if is_presets_key and (spec.url is None or is_local(spec.url)):
            return
        for endpoint in self._endpoints.all():
            if endpoint.url == spec.url and spec.key_env in (endpoint.key_name, None):
                return
        raise RecipeError(
            f"the teacher at {spec.base_url} is not among the providers",
            hint="Add the endpoint on the page Models and choose it there: only endpoints of that "
            "list are called, each with its own key.",
        )

    def _settings(self, provider: Provider, model: str) -> dict[str, Any]:
        """As a recipe has them."""
        if not model:
            raise RecipeError("a teacher needs the name of a model")
        if not provider.added:
            return {"type": "openai", "preset": provider.id, "model": model}
        # The preset without a key: no other provider's key is sent to an added endpoint.
        fields = {"type": "openai", "preset": "ollama", "model": model, "url": provider.url}
        return fields | ({"api_key_env": provider.key_name} if provider.key_name else {})


_MASKED_KEY = re.compile(r"[\w-]*\*{2,}[\w*-]*")
"""A key as some endpoints quote it, with its last characters."""


def _without_keys(found: FoundT) -> FoundT:
    words = {part: _MASKED_KEY.sub("***", getattr(found, part)) for part in ("message", "hint")}
    return found.model_copy(update=words)


def _shown(endpoint: Endpoint, kept: frozenset[str]) -> Provider:
    return Provider(
        id=endpoint.id,
        name=endpoint.name,
        url=endpoint.url,
        model=endpoint.model,
        added=True,
        key=_key_state(endpoint.key_name, kept),
        key_name=endpoint.key_name,
    )


def _key_state(name: str | None, kept: frozenset[str], *, optional: bool = False) -> KeyState:
    if name is None:
        return "none"
    if secret_of_environment(name):
        return "environment"
    if name in kept:
        return "set"
    return "optional" if optional else "missing"


def _refuse_forbidden(url: str) -> None:
    try:
        refuse_forbidden_host(url, resolve=False)
    except ModelUnavailable as error:
        raise RecipeError(f"url: {error.message}", hint=error.hint) from error
