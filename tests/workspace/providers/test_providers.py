"""Providers: keys go in and never come out, tests say what is wrong, nothing else is called."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from loresmith.errors import Conflict, ModelUnavailable, NotFound, RecipeError
from loresmith.models import OpenAICompatible
from loresmith.models.base import Sampling
from loresmith.records import Message
from loresmith.workspace.home import Home
from loresmith.workspace.providers import NewEndpoint, Provider, Providers
from loresmith.workspace.workspace import Workspace
from servers.teacher_server import (
    Act,
    TeacherServer,
    always,
    garbage,
    hang,
    reset,
    say,
    status,
    trickle,
)

KEY = "sk-providers-0123456789wxyz"


@pytest.fixture
def providers(home: Home) -> Providers:
    return Providers(home)


def added(providers: Providers, url: str, **more: Any) -> Provider:
    return providers.add(NewEndpoint.model_validate({"name": "Lab", "url": url} | more))


def test_the_known_providers_are_listed_with_the_state_of_their_keys(
    providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    providers.set_key("deepseek", KEY)
    states = {one.id: one.key for one in providers.all()}
    assert states == {
        "openai": "environment",
        "deepseek": "set",
        "dashscope": "missing",
        "volcengine": "missing",
        "siliconflow": "missing",
        "ollama": "none",
        "vllm": "optional",
    }
    assert providers.forget_key("deepseek").key == "missing"
    assert KEY not in repr(providers.all())


def test_an_added_endpoint_has_a_key_of_its_own_and_both_can_be_removed(
    providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai-and-nobody-else")
    monkeypatch.setenv("VLLM_API_KEY", "sk-of-vllm-and-nobody-else")
    with TeacherServer(api_key=KEY) as server:
        lab = added(providers, server.url, model="any", needs_key=True)
        assert providers.test(lab.id).finding == "no_key"
        providers.set_key(lab.id, KEY)
        assert providers.test(lab.id).finding == "ok"
        providers.remove(lab.id)
        again = added(providers, server.url, model="any", needs_key=True)
        assert again.key == "missing"
        providers.remove(again.id)
    with pytest.raises(NotFound):
        providers.get(lab.id)


def test_no_other_providers_key_is_sent_to_an_added_endpoint(
    providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "VLLM_API_KEY"):
        monkeypatch.setenv(name, KEY)
    with TeacherServer(api_key=KEY) as server:
        assert providers.test(added(providers, server.url).id, "any").finding == "wrong_key"


@pytest.mark.parametrize(
    ("act", "finding"),
    [
        (status(401), "wrong_key"),
        (status(403), "no_right"),
        (status(404, {"message": "The model `any` does not exist"}), "unknown_model"),
        (status(404), "wrong_url"),
        (status(429), "rate_limited"),
        (status(429, {"message": "insufficient_quota"}), "no_credit"),
        (status(402), "no_credit"),
        (status(500), "trouble"),
        (status(307), "redirect"),
        (status(400), "rejected"),
        (garbage(), "web_page"),
        (garbage(b"<!DOCTYPE html><title>Log in</title>"), "web_page"),
        (Act(kind="raw", status=404, body=b"\n<html>404 Not Found</html>"), "web_page"),
        (Act(kind="raw", status=502, body=b"<html>Bad gateway</html>"), "trouble"),
        (garbage(b"OK"), "not_openai"),
        (garbage(b""), "not_openai"),
        (say(""), "empty"),
        (say(" \n"), "empty"),
        (reset(), "timeout"),
        (garbage(b'{"choices": []}'), "not_openai"),
        (hang(30), "timeout"),
    ],
)
def test_a_test_call_says_what_is_wrong(providers: Providers, act: Act, finding: str) -> None:
    with TeacherServer(script=always(act)) as server:
        lab = added(providers, server.url, model="any")
        found = providers.test(lab.id, timeout=0.5)
        assert len(server.requests) == 1
    assert (found.finding, found.ok) == (finding, False)
    assert found.message
    assert found.hint or finding == "rejected"


@pytest.mark.parametrize(
    "act", [say("", reasoning_content="Let me see"), say("", finish_reason="length")]
)
def test_a_reasoning_model_that_thinks_for_all_of_its_tokens_is_fine(
    providers: Providers, act: Act
) -> None:
    with TeacherServer(script=always(act)) as server:
        assert providers.test(added(providers, server.url).id, "any").ok


def test_a_provider_is_asked_which_models_it_has(providers: Providers) -> None:
    with TeacherServer(models=["qwen-plus", "deepseek-chat"], api_key=KEY) as server:
        lab = added(providers, server.url, needs_key=True)
        assert providers.models(lab.id).finding == "no_key"
        providers.set_key(lab.id, KEY + "x")
        wrong = providers.models(lab.id)
        assert (wrong.finding, wrong.models) == ("wrong_key", ())
        assert KEY not in repr(wrong)
        providers.set_key(lab.id, KEY)
        found = providers.models(lab.id)
        assert (found.ok, found.models) == (True, ("deepseek-chat", "qwen-plus"))
        assert server.requests == []


@pytest.mark.parametrize(
    ("act", "finding"),
    [
        (status(404), "no_list"),
        (status(405), "no_list"),
        (status(403), "no_right"),
        (status(429), "rate_limited"),
        (status(500), "trouble"),
        (status(302), "redirect"),
        (garbage(), "web_page"),
        (garbage(b'{"data": "none"}'), "not_openai"),
        (garbage(b"[1, 2]"), "not_openai"),
        (garbage(b"[" * 100_000), "not_openai"),
        (hang(30), "timeout"),
        (trickle(30), "timeout"),
    ],
)
def test_a_list_of_models_that_does_not_come_is_explained(
    providers: Providers, act: Act, finding: str
) -> None:
    with TeacherServer(listing=act) as server:
        found = providers.models(added(providers, server.url).id, timeout=0.5)
    assert (found.finding, found.ok, found.models) == (finding, False, ())
    assert found.message and found.hint


def test_a_list_of_models_with_odd_entries_gives_those_that_are_names(
    providers: Providers,
) -> None:
    odd = b'{"data": [{"id": "b"}, {"id": 3}, {}, "x", {"id": ""}, {"id": "a"}, {"id": "b"}]}'
    with TeacherServer(listing=garbage(odd)) as server:
        assert providers.models(added(providers, server.url).id).models == ("a", "b")


def test_a_good_call_tells_how_long_it_took(providers: Providers) -> None:
    with TeacherServer(latency=0.05) as server:
        found = providers.test(added(providers, server.url).id, "any")
    assert (found.finding, found.ok) == ("ok", True)
    assert found.seconds is not None and found.seconds >= 0.05


def test_a_reasoning_model_that_wants_another_name_for_the_limit_is_fine(
    providers: Providers,
) -> None:
    refusal = {"message": "Unsupported parameter: 'max_tokens'", "param": "max_tokens"}
    with TeacherServer(script=[status(400, refusal)]) as server:
        assert providers.test(added(providers, server.url).id, "any").ok


def test_nobody_listening_and_a_name_that_is_none_are_told_apart(providers: Providers) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    nobody = added(providers, f"http://127.0.0.1:{port}/v1", name="Nobody")
    assert providers.test(nobody.id, "any").finding == "refused"
    nowhere = added(providers, "http://no-such-host.invalid/v1", name="Nowhere")
    assert providers.test(nowhere.id, "any").finding == "dns"


def test_a_plain_server_asked_by_https_is_a_matter_of_certificates(providers: Providers) -> None:
    with TeacherServer() as server:
        url = server.url.replace("http://", "https://")
        assert providers.test(added(providers, url).id, "any").finding == "tls"


def test_the_key_is_in_no_word_of_a_diagnosis_even_where_the_endpoint_quotes_it(
    providers: Providers,
) -> None:
    quoted = [f"Incorrect API key provided: {KEY}", "Incorrect key: sk-pr*****wxyz. See the docs."]
    for message in quoted:
        with TeacherServer(script=always(status(401, {"message": message}))) as server:
            lab = added(providers, server.url, needs_key=True)
            providers.set_key(lab.id, KEY)
            found = providers.test(lab.id, "any")
            providers.remove(lab.id)
        assert "Incorrect" in found.message
        assert KEY not in repr(found)
        assert "wxyz" not in repr(found)


@pytest.mark.parametrize(
    "host",
    [
        *("169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "100.100.100.200"),
        *("metadata.google.internal", "0.0.0.0", "2852039166", "0xA9FEA9FE", "224.0.0.1"),
    ],
)
def test_metadata_addresses_are_never_called(
    providers: Providers, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    with pytest.raises(RecipeError, match="never called"):
        added(providers, f"http://{host}/v1")
    spec = OpenAICompatible(preset="ollama", model="any", url=f"http://{host}/v1")
    with pytest.raises(ModelUnavailable, match="never called"), spec.open():
        pass
    monkeypatch.setenv("LORESMITH_ALLOWED_HOSTS", f"other,{host.strip('[]')}")
    assert added(providers, f"http://{host}/v1").added


def test_a_name_that_leads_to_a_metadata_address_is_not_called(
    providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def lied_to(host: Any, *args: Any, **named: Any) -> Any:
        return real("169.254.169.254" if host == "llm.example" else host, *args, **named)

    lab = added(providers, "http://llm.example/v1")
    monkeypatch.setattr(socket, "getaddrinfo", lied_to)
    assert providers.test(lab.id, "any").finding == "forbidden_host"


@contextmanager
def redirecting(to: str) -> Iterator[str]:
    """A server that sends every caller on to `to`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", to)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


def test_no_redirect_is_followed(providers: Providers) -> None:
    with TeacherServer() as elsewhere, redirecting(f"{elsewhere.url}/chat/completions") as url:
        found = providers.test(added(providers, url).id, "any")
        spec = OpenAICompatible(preset="ollama", model="any", url=url, max_retries=0)
        with spec.open() as model, pytest.raises(ModelUnavailable, match="not followed"):
            model.reply((Message(role="user", content="hello"),), Sampling())
        assert elsewhere.requests == []
    assert found.finding == "redirect"
    assert elsewhere.url in found.message


@pytest.mark.parametrize("url", ["ftp://host/v1", "http://user:word@host/v1", "http://a b/v1", "x"])
def test_what_is_no_url_of_an_endpoint_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        NewEndpoint(name="Lab", url=url)


def test_an_endpoint_is_added_once(providers: Providers) -> None:
    added(providers, "http://lab.example/v1")
    with pytest.raises(Conflict):
        added(providers, "http://lab.example/v1/chat/completions", name="Again")
    with pytest.raises(Conflict):
        added(providers, "http://other.example/v1", name="lab")


def test_the_teacher_of_a_project_is_chosen_in_a_few_words(
    home: Home, providers: Providers
) -> None:
    project = home.projects.create("海岸")
    lab = added(providers, "http://127.0.0.1:9/v1", model="big", needs_key=True)
    for words, expected in (
        ("deepseek:deepseek-chat", ("deepseek", "deepseek-chat", None, "DEEPSEEK_API_KEY")),
        (f"{lab.id}:small", ("ollama", "small", lab.url, lab.key_name)),
        (f"{lab.id}:", ("ollama", "big", lab.url, lab.key_name)),
        (f"openai:m@{lab.url}", ("ollama", "m", lab.url, lab.key_name)),
    ):
        providers.choose_teacher(home.workspace(project.id), words)
        teacher = home.workspace(project.id).recipe.teacher
        assert isinstance(teacher, OpenAICompatible)
        assert (teacher.preset, teacher.model, teacher.url, teacher.key_env) == expected
        providers.require_known(teacher)
    providers.choose_teacher(home.workspace(project.id), "embedded")
    assert home.workspace(project.id).recipe.teacher.type == "embedded"


@pytest.mark.parametrize(
    "words", ["openai:m@http://attacker.example/v1", "nobody:m", "deepseek:", "", "no-such-id:m"]
)
def test_a_teacher_at_no_provider_of_the_list_is_refused(
    home: Home, providers: Providers, words: str
) -> None:
    workspace = home.workspace(home.projects.create("coast").id)
    with pytest.raises(RecipeError):
        providers.choose_teacher(workspace, words)
    assert not workspace.project.recipe.exists()


def test_a_recipe_cannot_send_a_providers_key_elsewhere(providers: Providers) -> None:
    lab = added(providers, "http://lab.example/v1", needs_key=True)
    elsewhere = OpenAICompatible(model="m", url="http://attacker.example/v1")
    another_key = OpenAICompatible(model="m", url=lab.url, api_key_env="DEEPSEEK_API_KEY")
    another_variable = OpenAICompatible(model="m", api_key_env="AWS_SECRET_ACCESS_KEY")
    for spec in (elsewhere, another_key, another_variable):
        with pytest.raises(RecipeError, match="not among the providers"):
            providers.require_known(spec)


def test_a_server_on_this_machine_needs_no_entry_but_gets_no_other_key(
    providers: Providers,
) -> None:
    own = OpenAICompatible(model="m", url="http://127.0.0.1:8000/v1")
    providers.require_known(own)
    with pytest.raises(RecipeError):
        providers.require_known(own.model_copy(update={"api_key_env": "AWS_SECRET_ACCESS_KEY"}))


def test_a_teacher_works_with_a_key_that_was_entered_here(home: Home, providers: Providers) -> None:
    with TeacherServer(api_key=KEY) as server:
        lab = added(providers, server.url, needs_key=True)
        providers.set_key(lab.id, KEY)
        known = home.projects.create("coast")
        providers.choose_teacher(home.workspace(known.id), f"{lab.id}:any")
        spec = Workspace(Path(known.folder)).recipe.teacher
        with spec.open() as model:
            assert model.reply((Message(role="user", content="hi"),), Sampling()).text == "ready"
