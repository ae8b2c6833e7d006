"""Calls, prices and limits in the studio."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from loresmith.models.cache import ReplyCache
from loresmith.records import Message, Reply, Usage
from loresmith.workspace.home import Home
from loresmith.workspace.providers import EndpointLimits, Providers

PRICE = {
    "endpoint": "https://api.deepseek.com",
    "model": "deepseek-chat",
    "currency": "CNY",
    "input": "2",
    "output": "3",
}


@pytest.fixture
def project_id(home: Home) -> str:
    known = home.projects.create("Coast")
    with ReplyCache(home.workspace(known.id).project.replies) as cache:
        for number in range(120):
            cache.put(
                str(number),
                Reply(
                    text=f"reply {number} <b>",
                    seconds=1.5,
                    usage=Usage(calls=1, prompt_tokens=1000, completion_tokens=500),
                ),
                valid=number != 7,
                model="deepseek-chat",
                purpose="facts",
                faults=("too short",) if number == 7 else (),
                messages=(Message(role="user", content=f"prompt {number}"),),
                job="job-1",
                endpoint="https://api.deepseek.com",
            )
    return known.id


def test_calls_are_listed_in_pages(client: TestClient, project_id: str) -> None:
    first = client.get(f"/projects/{project_id}/calls").text
    assert f"/projects/{project_id}/calls/120" in first
    assert f"/projects/{project_id}/calls/70" not in first
    assert "before=71" in first
    second = client.get(f"/projects/{project_id}/calls?before=71").text
    assert f"/projects/{project_id}/calls/70" in second
    faulty = client.get(f"/projects/{project_id}/calls?faulty=true").text
    assert "too short" in faulty and "Earlier calls" not in faulty


def test_a_call_is_shown_whole_and_as_text(client: TestClient, project_id: str) -> None:
    shown = client.get(f"/projects/{project_id}/calls/5").text
    assert "prompt 4" in shown and "reply 4 &lt;b&gt;" in shown
    assert client.get(f"/projects/{project_id}/calls/999").status_code == 404


def test_a_price_is_entered_and_used(client: TestClient, project_id: str) -> None:
    assert "is not known" in client.get(f"/projects/{project_id}/calls").text
    assert "deepseek-chat" in client.post("/models/prices", data=PRICE).text
    assert "0.42 CNY" in client.get(f"/projects/{project_id}/calls").text  # 120 x 0.0035
    gone = client.post("/models/prices/remove", data=PRICE).text
    assert "No price is entered yet" in gone


def test_a_wrong_price_is_said_and_not_kept(client: TestClient) -> None:
    answer = client.post("/models/prices", data={**PRICE, "input": "much"})
    assert answer.status_code == 422
    assert "No price is entered yet" in answer.text


def test_limits_of_a_provider_are_set_and_cleared(client: TestClient, home: Home) -> None:
    wanted = {"concurrency": "20", "requests_per_minute": "", "tokens_per_minute": "90000"}
    assert "Saved" in client.post("/models/providers/deepseek/limits", data=wanted).text
    kept = Providers(home).limits("deepseek")
    assert kept == EndpointLimits(concurrency=20, tokens_per_minute=90_000)
    assert (
        client.post("/models/providers/deepseek/limits", data={"concurrency": "0"}).status_code
        == 422
    )
    client.post("/models/providers/deepseek/limits", data={})
    assert Providers(home).limits("deepseek") == EndpointLimits()
    assert not (Path(home.settings.home) / "limits.json").read_text().strip("{}\n ")


def test_the_api_tells_the_same(client: TestClient, project_id: str) -> None:
    price = {**PRICE, "input": 2, "output": 3}
    assert client.put("/api/v1/prices", json=price).status_code == 200
    page = client.get(f"/api/v1/projects/{project_id}/calls?limit=2").json()
    assert [one["number"] for one in page["items"]] == [120, 119]
    cursor = page["next_cursor"]
    after = client.get(f"/api/v1/projects/{project_id}/calls?limit=2&cursor={cursor}").json()
    assert [one["number"] for one in after["items"]] == [118, 117]
    whole = client.get(f"/api/v1/projects/{project_id}/calls/1").json()
    assert (whole["reply"], whole["messages"][0]["content"]) == ("reply 0 <b>", "prompt 0")
    spent = client.get(f"/api/v1/projects/{project_id}/spending?job=job-1").json()
    assert spent["money"] == {"CNY": pytest.approx(0.42)}
