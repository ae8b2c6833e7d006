"""A machine is tried by a process of its own: what comes back is a record, whatever happened."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loresmith.devices.examination import examine_machine
from loresmith.devices.matrix_check import check_product


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """No examination is remembered from another test."""
    examine_machine.cache_clear()
    yield
    examine_machine.cache_clear()


def test_this_machine_multiplies_rightly_and_says_how_fast() -> None:
    done = examine_machine(products=True)
    assert done.fault == ""
    assert done.machine.torch_version
    product = done.products[0]
    assert product.right and product.fault == ""
    assert product.gflops is not None and product.gflops > 0
    assert product.off is not None and product.off < 1e-3
    assert examine_machine(products=True) is done


def test_a_device_that_is_not_there_is_a_fault_and_no_crash() -> None:
    product = check_product("cuda:63", name="none")
    assert not product.right
    assert product.fault
    assert product.gflops is None


@pytest.mark.parametrize(
    ("torch", "told"),
    [
        ("import os; os.abort()", "the process that asked torch ended with code -6"),
        ("raise ValueError('broken wheel')", "ValueError: broken wheel"),
    ],
)
def test_a_torch_that_ends_the_process_ends_that_process_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torch: str, told: str
) -> None:
    _put_torch(tmp_path, monkeypatch, torch)
    done = examine_machine(products=True)
    assert told in done.fault
    assert done.device.kind == "cpu"
    assert done.machine.memory_bytes > 0


def test_a_torch_that_misses_a_library_is_named_with_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "libgalaxyhip.so.5: cannot open shared object file"
    _put_torch(tmp_path, monkeypatch, f"raise ImportError({said!r})")
    done = examine_machine(products=True)
    assert (done.fault, done.products) == ("", ())
    assert done.machine.torch_fault == said
    assert said in done.device.note and "env.sh" in done.device.note


def _put_torch(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """A torch that does something else when it is imported, for child processes."""
    (folder / "torch.py").write_text(code + "\n")
    source = Path(sys.modules["loresmith"].__file__ or "").parents[1]
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{source}")
