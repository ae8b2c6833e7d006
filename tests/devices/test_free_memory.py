"""How much a process may still take is the least of what machine, container and limit allow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from loresmith.devices import Device, free_memory

CPU = Device(kind="cpu", torch_device="cpu", name="CPU", memory_bytes=10**12, bf16=False, threads=1)


def test_a_container_gives_back_the_files_that_it_only_caches(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("50000000\n")
    (tmp_path / "memory.current").write_text("40000000\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 15000000\n")
    assert free_memory(CPU, cgroup=tmp_path) == 25_000_000
    (tmp_path / "memory.current").write_text("90000000\n")
    assert free_memory(CPU, cgroup=tmp_path) == 0


def test_without_a_limit_it_is_what_the_machine_has_left(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    assert 0 < free_memory(CPU, cgroup=tmp_path) < 10**12
    assert free_memory(CPU, cgroup=tmp_path / "none") > 0


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS holds on Linux alone")
def test_a_limit_on_the_process_counts() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2 * 10**9, 2 * 10**9))\n"
        "from loresmith.devices import Device, free_memory\n"
        f"print(free_memory(Device.model_validate_json({CPU.model_dump_json()!r})))\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0 < int(said.stdout) < 2 * 10**9


def test_of_a_card_that_cannot_be_asked_all_memory_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    card = CPU.model_copy(update={"kind": "cuda", "torch_device": "cuda:0", "memory_bytes": 8})
    assert free_memory(card) == 8
