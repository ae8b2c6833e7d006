"""Who may come in, and which requests are carried out: one test for each thing that is promised."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request, UploadFile
from sqlalchemy import text
from starlette.testclient import TestClient

from loresmith.api import create_api
from loresmith.api.security import Access
from loresmith.api.serving import access_for
from loresmith.errors import Conflict
from loresmith.web import create_studio
from loresmith.workspace.accounts import Accounts, TooManyAttempts, passwords, server_key
from loresmith.workspace.accounts.attempts import Attempts
from loresmith.workspace.home import Home

PASSWORD = "correct horse battery"
HERE = "http://127.0.0.1:8000"
LAN = "http://studio.example:8000"
ATTACKER = "http://evil.example"


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _quick_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of a second for each hash is right for a server and long for tests."""
    if "slow_hashes" not in request.fixturenames:
        monkeypatch.setattr(passwords, "COST", passwords.Cost(n=2, r=8, p=1))
        passwords.of_nobody.cache_clear()


@pytest.fixture
def slow_hashes() -> None:
    """Hashes as they are outside of tests."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(home: Home, clock: Clock) -> Accounts:
    made = Accounts(home.engine, attempts=Attempts(clock), clock=clock)
    made.add("mei", PASSWORD)
    made.add("jonas", "another long password")
    return made


@pytest.fixture
def served(home: Home, accounts: Accounts) -> Callable[..., TestClient]:
    """`served()`: a studio that others can reach, as a new browser or program sees it."""
    app = create_studio(home, access=Access(login_required=True))
    app.state.accounts = accounts
    _let_gate_ask(app, accounts)

    def client(**headers: str) -> TestClient:
        return TestClient(app, base_url=LAN, headers=headers, follow_redirects=False)

    return client


def _let_gate_ask(app: FastAPI, accounts: Accounts) -> None:
    for middleware in app.user_middleware:
        if "accounts" in middleware.kwargs:
            middleware.kwargs["accounts"] = accounts


@pytest.fixture
def local_page(home: Home) -> Iterator[TestClient]:
    """A browser on this machine that has a page of the studio open."""
    with TestClient(create_studio(home), base_url=HERE) as client:
        client.get("/")
        yield client


def token_in(page: str) -> str:
    found = re.search(r'name="csrf[-_]token" (?:content|value)="([0-9a-f]{64})"', page)
    assert found is not None, page
    return found[1]


def log_in(client: TestClient, password: str = PASSWORD, name: str = "mei") -> Any:
    token = token_in(client.get("/login").text)
    return client.post("/login", data={"name": name, "password": password, "csrf_token": token})


def create(client: TestClient, **headers: str) -> Any:
    return client.post("/api/v1/projects", json={"name": "New"}, headers=headers)


class TestOnThisMachine:
    def test_a_program_needs_no_login(self, api: TestClient) -> None:
        assert api.get("/api/v1/me").json() == {"name": None}

    @pytest.mark.parametrize("name", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:9"])
    def test_it_answers_to_its_own_names(self, api: TestClient, name: str) -> None:
        assert api.get("/healthz", headers={"Host": name}).status_code == 200

    @pytest.mark.parametrize(
        "name", ["evil.example", "127.0.0.1.evil.example:8000", "evil.example:127.0.0.1", "", "["]
    )
    def test_a_foreign_name_that_points_here_is_refused(self, api: TestClient, name: str) -> None:
        reply = api.get("/api/v1/projects", headers={"Host": name})

        assert reply.status_code == 400
        assert "127.0.0.1" in reply.json()["hint"]

    @pytest.mark.parametrize(
        "sign", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"]
    )
    def test_others_do_not_get_in_through_a_proxy(self, api: TestClient, sign: str) -> None:
        for said in ("203.0.113.9", "127.0.0.1", "localhost", "for=127.0.0.1", ""):
            reply = api.get("/api/v1/projects", headers={sign: said})
            assert reply.status_code == 403
            assert "--login" in reply.json()["hint"]

    def test_a_forwarded_host_is_no_name_of_ours(self, api: TestClient) -> None:
        sent = {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1"}
        assert api.get("/api/v1/projects", headers=sent).status_code == 400

    def test_a_proxy_that_is_named_may_pass_requests_on(self, home: Home) -> None:
        access = access_for(home, "127.0.0.1", names=["studio.example"])
        proxied = TestClient(create_api(home, access=access), base_url="http://studio.example")
        sent = {"X-Forwarded-For": "203.0.113.9"}

        assert proxied.get("/api/v1/projects", headers=sent).status_code == 200

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "203.0.113.9", ""])
    def test_any_other_address_needs_somebody_who_can_log_in(self, home: Home, host: str) -> None:
        with pytest.raises(Conflict, match="login is needed"):
            access_for(home, host)


class TestLogin:
    @pytest.mark.parametrize("sign", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Host"])
    def test_nobody_gets_in_by_saying_that_he_is_here(self, served: Any, sign: str) -> None:
        assert served().get("/api/v1/me", headers={sign: "127.0.0.1"}).status_code == 401

    @pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/projects", "/v1/models"])
    def test_programs_are_refused_without_a_key(self, served: Any, path: str) -> None:
        reply = served().get(path)

        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"

    def test_people_are_sent_to_the_login_and_then_where_they_wanted(self, served: Any) -> None:
        browser = served()
        asked = browser.get("/settings?tab=keys")
        assert asked.status_code == 303
        assert asked.headers["location"] == "/login?next=/settings%3Ftab%3Dkeys"

        form = browser.get(asked.headers["location"]).text
        assert 'value="/settings?tab=keys"' in form
        entered = browser.post(
            "/login",
            data={
                "name": "mei",
                "password": PASSWORD,
                "csrf_token": token_in(form),
                "next": "/settings?tab=keys",
            },
        )
        assert entered.headers["location"] == "/settings?tab=keys"
        assert browser.get("/settings").status_code == 200

    @pytest.mark.parametrize(
        "place", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"]
    )
    def test_a_link_cannot_send_whoever_logs_in_to_another_site(
        self, served: Any, place: str
    ) -> None:
        browser = served()
        token = token_in(browser.get("/login").text)
        given = {"name": "mei", "password": PASSWORD, "csrf_token": token, "next": place}

        assert browser.post("/login", data=given).headers["location"] == "/"

    def test_the_session_is_a_cookie_that_scripts_and_other_sites_do_not_get(
        self, served: Any
    ) -> None:
        cookie = log_in(served()).headers["set-cookie"]

        assert cookie.startswith("loresmith_session=")
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie

    def test_over_https_cookies_stay_on_https(self, served: Any) -> None:
        browser = served()
        browser.base_url = LAN.replace("http:", "https:")

        assert "Secure" in log_in(browser).headers["set-cookie"]

    def test_a_wrong_password_and_an_unknown_name_look_the_same(self, served: Any) -> None:
        wrong, unknown = log_in(served(), "wrong"), log_in(served(), "wrong", name="nobody")

        assert wrong.status_code == unknown.status_code == 401
        assert "The name or the password is wrong." in wrong.text
        assert "The name or the password is wrong." in unknown.text

    def test_a_session_ends_by_logging_out_on_the_server_too(self, served: Any) -> None:
        browser = served()
        log_in(browser)
        stolen = browser.cookies["loresmith_session"]
        token = token_in(browser.get("/settings").text)
        assert browser.post("/logout", data={"csrf_token": token}).status_code == 303

        thief = served(Cookie=f"loresmith_session={stolen}")
        assert thief.get("/api/v1/me").status_code == 401

    def test_a_session_ends_by_itself(self, served: Any, clock: Clock) -> None:
        browser = served()
        log_in(browser)
        clock.now += 15 * 24 * 3600

        assert browser.get("/api/v1/me").status_code == 401

    def test_a_new_password_ends_every_session(self, served: Any, accounts: Accounts) -> None:
        browser = served()
        log_in(browser)
        accounts.add("mei", "a completely new one")

        assert browser.get("/api/v1/me").status_code == 401
        assert log_in(served(), "a completely new one").status_code == 303

    def test_it_asks_in_chinese(self, served: Any) -> None:
        page = served(**{"Accept-Language": "zh-CN"}).get("/login").text

        assert 'lang="zh-CN"' in page
        assert "登录" in page
        assert "用户名" in page


class TestGuessing:
    def test_after_a_few_wrong_passwords_even_the_right_one_has_to_wait(
        self, served: Any, clock: Clock
    ) -> None:
        for _ in range(5):
            assert log_in(served(), "wrong").status_code == 401
        refused = log_in(served())
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "2"

        clock.now += 2.5
        assert log_in(served()).status_code == 303

    def test_the_pause_grows_with_every_guess(self, clock: Clock) -> None:
        attempts, pauses = Attempts(clock), []
        for _ in range(20):
            began = clock.now
            while True:
                try:
                    attempts.begin(name="mei", address="10.0.0.9")
                    break
                except TooManyAttempts as error:
                    clock.now += error.retry_after + 0.001
            pauses.append(clock.now - began)

        assert pauses[:5] == [0, 0, 0, 0, 0]
        assert pauses[5:] == sorted(pauses[5:])
        assert pauses[-1] == pytest.approx(15 * 60, abs=1)

    def test_guesses_at_one_name_from_many_addresses_are_slowed_down_too(
        self, clock: Clock
    ) -> None:
        attempts, refused = Attempts(clock), 0
        for number in range(50):
            try:
                attempts.begin(name="mei", address=f"10.0.0.{number}")
            except TooManyAttempts:
                refused += 1

        assert refused == 40

    def test_forms_that_are_not_ours_cannot_even_try(self, served: Any) -> None:
        reply = served().post("/login", data={"name": "mei", "password": PASSWORD})

        assert reply.status_code == 403
        assert "set-cookie" not in reply.headers or "session" not in reply.headers["set-cookie"]


class TestWhatIsKept:
    @pytest.mark.usefixtures("slow_hashes")
    def test_neither_passwords_nor_tokens_nor_keys_can_be_read_from_the_database(
        self, served: Any, home: Home, accounts: Accounts
    ) -> None:
        browser = served()
        log_in(browser)
        key = accounts.new_key("mei", name="import").key
        with home.engine.connect() as connection:
            kept = [
                str(tuple(row))
                for table in ("users", "sessions", "api_keys")
                for row in connection.execute(text(f"SELECT * FROM {table}"))
            ]

        assert len(kept) == 4
        for secret in (PASSWORD, browser.cookies["loresmith_session"], key):
            assert not any(secret in row for row in kept)
        assert any("scrypt$32768$8$3$" in row for row in kept)

    def test_the_servers_key_is_for_its_owner_only_and_outlives_a_restart(self, home: Home) -> None:
        folder = home.settings.home
        first = server_key(folder)

        assert (folder / "server.key").stat().st_mode & 0o777 == 0o600
        assert server_key(folder) == first
        assert len(first) == 32

    def test_short_passwords_are_refused(self, accounts: Accounts) -> None:
        with pytest.raises(Conflict, match="too short"):
            accounts.add("new", "123456789")
        assert "new" not in accounts.names()


class TestApiKeys:
    @pytest.fixture
    def mei(self, served: Any) -> TestClient:
        browser: TestClient = served()
        log_in(browser)
        browser.headers["X-CSRF-Token"] = token_in(browser.get("/settings").text)
        return browser

    def test_a_key_is_shown_once_and_opens_the_api(self, served: Any, mei: TestClient) -> None:
        made = mei.post("/api/v1/keys", json={"name": "import"}).json()
        listed = mei.get("/api/v1/keys").text
        assert made["key"] not in listed
        assert made["shown"] in listed

        program = served(Authorization=f"Bearer {made['key']}")
        assert program.get("/api/v1/me").json() == {"name": "mei"}
        assert create(program).status_code == 201

    def test_a_revoked_key_opens_nothing(self, served: Any, mei: TestClient) -> None:
        made = mei.post("/api/v1/keys", json={"name": "import"}).json()
        assert mei.delete(f"/api/v1/keys/{made['id']}").status_code == 204

        program = served(Authorization=f"Bearer {made['key']}")
        assert program.get("/api/v1/me").status_code == 401

    def test_nobody_revokes_the_key_of_another(
        self, served: Any, mei: TestClient, accounts: Accounts
    ) -> None:
        other = accounts.new_key("jonas", name="his")

        assert mei.delete(f"/api/v1/keys/{other.id}").status_code == 404
        assert served(Authorization=f"Bearer {other.key}").get("/api/v1/me").status_code == 200

    @pytest.mark.parametrize("given", ["Bearer ls-made-up", "Bearer ", "Bearer \x7f", "Bearer 密"])
    def test_made_up_keys_open_nothing(self, served: Any, given: str) -> None:
        reply = served().get("/api/v1/me", headers={b"Authorization": given.encode()})

        assert reply.status_code == 401


class TestForeignPages:
    def test_a_program_without_a_browsers_marks_may_change_things(self, api: TestClient) -> None:
        assert create(api).status_code == 201

    def test_a_page_of_ours_may_change_things(self, local_page: TestClient) -> None:
        token = token_in(local_page.get("/").text)
        sent = {"X-CSRF-Token": token, "Origin": HERE, "Sec-Fetch-Site": "same-origin"}

        assert create(local_page, **sent).status_code == 201

    @pytest.mark.parametrize(
        "marks",
        [
            {"Origin": ATTACKER},
            {"Origin": "null"},
            {"Origin": "http://["},
            {"Origin": ""},
            {"Origin": "http://127.0.0.1:9999"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    def test_another_site_or_port_may_not_even_with_the_token(
        self, local_page: TestClient, marks: dict[str, str]
    ) -> None:
        token = token_in(local_page.get("/").text)

        assert create(local_page, **marks, **{"X-CSRF-Token": token}).status_code == 403
        assert local_page.get("/api/v1/projects").json()["items"] == []

    @pytest.mark.parametrize(
        "marks", [{"Origin": HERE}, {"Referer": HERE}, {"Sec-Fetch-Site": "none"}, {}]
    )
    def test_a_browser_without_the_token_may_not(
        self, local_page: TestClient, marks: dict[str, str]
    ) -> None:
        assert create(local_page, **marks).status_code == 403

    def test_the_token_of_another_browser_is_of_no_use(
        self, home: Home, local_page: TestClient
    ) -> None:
        other = TestClient(create_studio(home), base_url=HERE)
        token = token_in(other.get("/").text)

        assert create(local_page, **{"X-CSRF-Token": token}).status_code == 403
        assert create(other, **{"X-CSRF-Token": token}).status_code == 201

    def test_the_token_from_before_the_login_is_of_no_use_after_it(self, served: Any) -> None:
        browser = served()
        before = token_in(browser.get("/login").text)
        log_in(browser)

        assert create(browser, **{"X-CSRF-Token": before}).status_code == 403

    def test_an_open_page_goes_on_after_a_restart_of_the_server(
        self, home: Home, local_page: TestClient
    ) -> None:
        token = token_in(local_page.get("/").text)
        restarted = TestClient(create_studio(home), base_url=HERE, cookies=local_page.cookies)

        assert create(restarted, **{"X-CSRF-Token": token}).status_code == 201


class TestReplies:
    @pytest.mark.parametrize("path", ["/", "/login", "/api/v1/projects", "/nothing", "/healthz"])
    def test_every_reply_forbids_what_is_not_ours(self, local_page: TestClient, path: str) -> None:
        headers = local_page.get(path).headers
        policy = headers["content-security-policy"]

        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"

    def test_what_nobody_foresaw_is_told_without_its_inside(
        self, home: Home, caplog: pytest.LogCaptureFixture
    ) -> None:
        app = create_api(home)

        @app.get("/api/v1/broken")
        def broken() -> None:
            raise RuntimeError("the password is hunter2")

        reply = TestClient(app, base_url=HERE).get("/api/v1/broken")

        assert reply.status_code == 500
        assert reply.headers["content-type"] == "application/problem+json"
        assert "hunter2" not in reply.text
        logged = [one for one in caplog.records if one.exc_info]
        assert [one.request_id for one in logged] == [reply.json()["request_id"]]

    def test_pages_are_not_compressed_beside_their_token(self, local_page: TestClient) -> None:
        assert "content-encoding" not in local_page.get("/").headers
        assert local_page.get("/api/v1/openapi.json").headers["content-encoding"] == "gzip"


class TestLog:
    def test_a_line_has_the_route_and_no_secret(
        self, served: Any, accounts: Accounts, caplog: pytest.LogCaptureFixture
    ) -> None:
        key = accounts.new_key("mei", name="import").key
        caplog.set_level(logging.INFO, "loresmith.requests")
        program = served(Authorization=f"Bearer {key}")
        program.delete("/api/v1/keys/some-id?token=hush", params={"api_key": key})
        log_in(served())

        lines = [vars(one) for one in caplog.records if one.name == "loresmith.requests"]
        deleted = next(line for line in lines if line["method"] == "DELETE")
        assert deleted["route"] == "/api/v1/keys/{key_id}"
        assert deleted["status"] == 404
        assert deleted["milliseconds"] >= 0
        everything = json.dumps(lines, default=str)
        for secret in (key, "hush", PASSWORD, "some-id"):
            assert secret not in everything


class TestLargeBodies:
    @pytest.fixture
    def small(self, home: Home) -> TestClient:
        """A server that takes uploads of 1 MB, and counts those that arrived whole."""
        app = create_api(home, max_upload=0)
        app.state.arrived = 0

        @app.post("/api/v1/taken")
        def take(request: Request, file: UploadFile) -> int:
            request.app.state.arrived += 1
            return file.size or 0

        return TestClient(app, base_url=HERE)

    def test_an_upload_that_is_announced_as_too_large_is_refused_unread(
        self, small: TestClient
    ) -> None:
        reply = small.post("/api/v1/taken", files={"file": ("a.txt", b"x" * 2**21)})

        assert reply.status_code == 413
        assert reply.json()["title"] == "Too large"
        assert small.app.state.arrived == 0

    def test_one_that_is_not_announced_is_cut_off_while_it_arrives(self, small: TestClient) -> None:
        sent = 0

        def pieces() -> Iterator[bytes]:
            nonlocal sent
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            for _ in range(64):
                sent += 2**16
                yield b"x" * 2**16
            yield b"\r\n--x--\r\n"

        form = {"Content-Type": "multipart/form-data; boundary=x"}
        reply = small.post("/api/v1/taken", content=pieces(), headers=form)

        assert reply.status_code == 413
        assert small.app.state.arrived == 0

    def test_one_that_fits_arrives_whole(self, small: TestClient) -> None:
        reply = small.post("/api/v1/taken", files={"file": ("a.txt", b"x" * 2**19)})

        assert reply.json() == 2**19

    def test_other_bodies_are_held_in_memory_and_so_have_a_limit_of_their_own(
        self, api: TestClient
    ) -> None:
        reply = api.post("/api/v1/projects", content=b'"' + b"x" * (17 * 2**20) + b'"')

        assert reply.status_code == 413
