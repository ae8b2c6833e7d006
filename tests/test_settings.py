"""Settings come from the environment, then from a `.env` file in the working folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from loresmith.errors import LoresmithError
from loresmith.settings import load_settings, secret


@pytest.fixture(autouse=True)
def _clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A `.env` is read into the environment: what a test adds must not reach the next."""
    before = dict(os.environ)
    for name in ("LORESMITH_HOME", "LORESMITH_DATABASE_URL", "DEEPSEEK_API_KEY", "XDG_DATA_HOME"):
        os.environ.pop(name, None)
    monkeypatch.chdir(tmp_path)
    yield
    os.environ.clear()
    os.environ.update(before)


def write_dotenv(text: str) -> None:
    Path(".env").write_text(text, encoding="utf-8")


def test_without_any_settings_home_is_in_the_users_data_folder() -> None:
    settings = load_settings()
    assert settings.home.name == "loresmith"
    assert settings.home.is_absolute()
    assert settings.models == settings.home / "models"
    assert settings.database_url is None


def test_the_environment_says_where_home_is(tmp_path: Path) -> None:
    os.environ["LORESMITH_HOME"] = str(tmp_path / "家")
    os.environ["LORESMITH_DATABASE_URL"] = "postgresql+psycopg://host/records"
    assert load_settings().home == tmp_path / "家"
    assert load_settings().database_url == "postgresql+psycopg://host/records"


def test_home_may_be_written_with_a_tilde_or_relative(tmp_path: Path) -> None:
    os.environ["LORESMITH_HOME"] = "~/lore"
    assert load_settings().home == Path.home() / "lore"
    os.environ["LORESMITH_HOME"] = "lore"
    assert load_settings().home == tmp_path / "lore"


def test_an_empty_variable_means_the_default() -> None:
    os.environ["LORESMITH_HOME"] = ""
    os.environ["LORESMITH_DATABASE_URL"] = ""
    assert load_settings().home.name == "loresmith"
    assert load_settings().database_url is None


def test_a_dotenv_fills_what_the_environment_does_not_say(tmp_path: Path) -> None:
    write_dotenv("LORESMITH_HOME=from-file\nDEEPSEEK_API_KEY=key-of-the-file\n")
    os.environ["LORESMITH_HOME"] = "from-environment"
    assert load_settings().home == tmp_path / "from-environment"
    assert secret("DEEPSEEK_API_KEY") == "key-of-the-file"


def test_an_empty_variable_of_the_environment_wins_too() -> None:
    write_dotenv("LORESMITH_DATABASE_URL=sqlite:///elsewhere.sqlite\n")
    os.environ["LORESMITH_DATABASE_URL"] = ""
    assert load_settings().database_url is None


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("DEEPSEEK_API_KEY=abc", "abc"),
        ("  export DEEPSEEK_API_KEY = abc  ", "abc"),
        ("DEEPSEEK_API_KEY='a # b'", "a # b"),
        ('DEEPSEEK_API_KEY="a b"  # a comment', "a b"),
        ("DEEPSEEK_API_KEY=abc # a comment", "abc"),
        ("DEEPSEEK_API_KEY=a#b=c?d", "a#b=c?d"),
        ("DEEPSEEK_API_KEY=密钥", "密钥"),
        ("\ufeffDEEPSEEK_API_KEY=abc", "abc"),
        ("DEEPSEEK_API_KEY=abc\r", "abc"),
        ("DEEPSEEK_API_KEY=", None),
        ("DEEPSEEK_API_KEY= # nothing", None),
        ("# DEEPSEEK_API_KEY=abc", None),
    ],
)
def test_a_line_of_a_dotenv_is_read_as_people_write_it(line: str, value: str | None) -> None:
    write_dotenv(line + "\n")
    assert secret("DEEPSEEK_API_KEY") == value


def test_nonsense_in_a_dotenv_is_passed_over() -> None:
    Path(".env").write_bytes(b"=x\n\xff\xfe\x00\n1A=2\nno equals sign\nDEEPSEEK_API_KEY=abc\n")
    assert secret("DEEPSEEK_API_KEY") == "abc"


def test_a_folder_named_dotenv_is_passed_over() -> None:
    Path(".env").mkdir()
    assert secret("DEEPSEEK_API_KEY") is None


def test_a_dotenv_that_may_not_be_read_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    write_dotenv("A=b")

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(LoresmithError, match=r"\.env cannot be read: Permission denied"):
        load_settings()
