"""A studio that others can reach, in a real browser: no page before the login, none after it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("playwright.sync_api")

from playwright.sync_api import expect

from projects import command, environment, loresmith

PASSWORD = "correct horse battery"


class OpenStudio(NamedTuple):
    """A running studio that asks who one is."""

    url: str


@pytest.fixture
def studio(home: Path) -> Iterator[OpenStudio]:
    """`loresmith studio --host 0.0.0.0` with one user, in place of the studio of other tests."""
    added = loresmith(
        *("studio", "--add-user", "梅"), input=f"{PASSWORD}\n", LORESMITH_HOME=str(home)
    )
    assert added.code == 0, added.err
    words = ("studio", "--host", "0.0.0.0", "--port", "0", "--no-open")
    server = subprocess.Popen(
        command(*words),
        env=environment(LORESMITH_HOME=str(home)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = re.search(r"http://[^ ]+:(\d+)", server.stdout.readline())
        assert port is not None
        yield OpenStudio(f"http://127.0.0.1:{port[1]}")
    finally:
        server.terminate()
        server.wait(30)


def _log_in(page, password: str) -> None:
    page.get_by_label("User name").fill("梅")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_a_person_logs_in_and_out(page):
    page.allowed_faults.append("401")  # the browser notes the refusal of the wrong password
    page.goto("/jobs")
    expect(page).to_have_url(re.compile(r"/login\?next=/jobs$"))

    _log_in(page, "not the password")
    expect(page.get_by_text("The name or the password is wrong.")).to_be_visible()
    expect(page.get_by_label("User name")).to_have_value("梅")
    expect(page.get_by_label("Password")).to_have_value("")

    _log_in(page, PASSWORD)
    expect(page).to_have_url(re.compile(r"/jobs$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Jobs")

    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile(r"/login$"))
    page.goto("/jobs")
    expect(page).to_have_url(re.compile(r"/login\?next=/jobs$"))


def test_who_is_in_can_change_things_and_who_is_not_is_sent_to_the_door(page):
    page.goto("/login")
    _log_in(page, PASSWORD)
    page.goto("/")
    created = page.evaluate(
        """async () => {
            const token = document.querySelector("meta[name=csrf-token]").content;
            const sent = {method: "POST", body: JSON.stringify({name: "港口"})};
            sent.headers = {"Content-Type": "application/json", "X-CSRF-Token": token};
            return (await fetch("/api/v1/projects", sent)).status;
        }"""
    )
    assert created == 201
    page.goto("/")
    expect(page.get_by_role("link", name="港口")).to_be_visible()

    page.context.clear_cookies()
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/login$"))
