"""Keys are kept encrypted, found by everything that asks for a secret, and shown by nothing."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loresmith.errors import VaultError
from loresmith.settings import secret
from loresmith.vault import Vault

KEY = "sk-vault-0123456789abcdef"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "家"))
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
    return tmp_path / "家"


def test_a_key_is_found_by_whoever_asks_for_the_secret(home: Path) -> None:
    assert secret("DEEPSEEK_API_KEY") is None
    Vault(home).set("DEEPSEEK_API_KEY", f" {KEY}\n")
    assert secret("DEEPSEEK_API_KEY") == KEY
    assert Vault(home).names() == {"DEEPSEEK_API_KEY"}


def test_the_environment_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Vault(home).set("DEEPSEEK_API_KEY", KEY)
    monkeypatch.setenv("DEEPSEEK_API_KEY", "from the environment")
    assert secret("DEEPSEEK_API_KEY") == "from the environment"


def test_nothing_on_the_disk_holds_the_key_and_nobody_else_may_read_the_files(home: Path) -> None:
    Vault(home).set("DEEPSEEK_API_KEY", KEY)
    files = [path for path in home.iterdir() if path.is_file()]
    assert {path.name for path in files} == {"keys.fernet", "keys.key", "keys.lock"}
    for path in files:
        assert KEY.encode() not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_deleted_key_is_gone(home: Path) -> None:
    Vault(home).set("A", KEY)
    assert Vault(home).delete("A")
    assert not Vault(home).delete("A")
    assert Vault(home).get("A") is None


def test_writers_at_once_lose_nothing(home: Path) -> None:
    names = [f"KEY_{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: Vault(home).set(name, KEY), names))
    assert Vault(home).names() == set(names)


@pytest.mark.parametrize("damage", ["missing", "another", "damaged"])
def test_a_lost_key_file_is_told_and_not_covered_up(home: Path, damage: str) -> None:
    Vault(home).set("DEEPSEEK_API_KEY", KEY)
    path = home / "keys.key"
    if damage == "missing":
        path.unlink()
    elif damage == "another":
        Vault(home.parent / "other").set("A", "b")
        path.write_bytes((home.parent / "other" / "keys.key").read_bytes())
    else:
        path.write_bytes(b"no key")
    for act in (lambda: secret("DEEPSEEK_API_KEY"), lambda: Vault(home).set("B", "new")):
        with pytest.raises(VaultError, match=r"keys\.key") as error:
            act()
        assert KEY not in str(error.value)
        assert "enter the keys anew" in error.value.hint


@pytest.mark.parametrize(
    ("name", "key"),
    [("A", ""), ("A", "two\nlines"), ("A", "钥匙"), ("A", "x" * 5000), ("A B", KEY)],
)
def test_what_is_no_key_is_refused_and_not_repeated(home: Path, name: str, key: str) -> None:
    with pytest.raises(VaultError) as error:
        Vault(home).set(name, key)
    assert not key or key not in str(error.value)
    assert Vault(home).names() == frozenset()
