"""What a user sees of the machine in the terminal, with cards that nobody here owns."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loresmith.devices.examination import examine_machine
from loresmith.devices.load import LoadWatch
from loresmith.workspace import machine_use
from monitoring_tools import MALFORMED, PIDS, PutTool, tool_in
from projects import Finished

Loresmith = Callable[..., Finished]


@pytest.fixture
def put_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PutTool]:
    """Puts a program that watches cards on an otherwise bare PATH, for a user with a new home."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("LORESMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(machine_use, "_watch", LoadWatch())
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    examine_machine.cache_clear()
    yield tool_in(folder)
    examine_machine.cache_clear()


def test_cards_are_shown_with_what_they_do_and_a_product_as_a_check(
    loresmith: Loresmith, put_tool: PutTool
) -> None:
    put_tool("hy-smi", {"--showuse": MALFORMED, "--showpids": PIDS.replace("'1'", "'0'")})
    shown = loresmith("devices")
    assert shown.code == 0
    for word in ("dcu:0", "Hygon DCU BW", "12 %", "62.1/64.0 GiB", "55 °C", "92 W"):
        assert word in shown.out, word
    assert "on dcu:0 process 2004101 holds 9.4 GiB" in shown.out
    assert "is right" in shown.out and "GFLOP/s" in shown.out


def test_json_has_the_same_for_programs(loresmith: Loresmith, put_tool: PutTool) -> None:
    put_tool("hy-smi", {"--showuse": MALFORMED})
    told = json.loads(loresmith("devices", "--json").out)
    assert told["load"]["cards"][0]["memory_used"] == 63554 * 2**20
    assert told["examination"]["device"]["kind"] == "cpu", "this torch can use no DCU"
    assert told["examination"]["products"][0]["right"] is True


def test_a_machine_without_cards_says_so(loresmith: Loresmith, put_tool: PutTool) -> None:
    del put_tool
    assert "cards: none that can be asked" in loresmith("devices").out


def test_watching_goes_on_until_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loresmith", "devices", "--watch", "--every", "0.5", "--json"]
    watching = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert watching.stdout is not None
    looks = [json.loads(watching.stdout.readline()) for _ in range(2)]
    watching.send_signal(signal.SIGINT)
    assert watching.wait(30) == 0
    assert all(look["memory_total"] > look["memory_used"] > 0 for look in looks)


def test_a_doctor_finds_nothing_wrong_here_and_what_is_made_wrong(
    loresmith: Loresmith, put_tool: PutTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    del put_tool
    well = loresmith("doctor")
    assert (well.code, well.out.splitlines()[-1]) == (0, "Nothing is wrong.")
    monkeypatch.setenv("OMP_NUM_THREADS", "0")
    ill = loresmith("doctor")
    assert ill.code == 1
    assert "wrong: OMP_NUM_THREADS is '0'" in ill.out
    assert "fix: Unset OMP_NUM_THREADS" in ill.out
    assert ill.out.splitlines()[-1] == "1 thing is wrong."


def test_a_dcu_beside_a_torch_for_the_processor_is_told_with_the_fix(
    loresmith: Loresmith, put_tool: PutTool
) -> None:
    """The torch of whoever runs the tests is one for the processor, or for a card that is not."""
    put_tool("hy-smi", {"--showuse": MALFORMED})
    done = loresmith("doctor", "--json")
    found = {one["check"]: one for one in json.loads(done.out)["findings"] if one["wrong"]}
    assert done.code == 1
    assert "install the torch wheel of the DTK" in found["torch_uses_card"]["hint"]
    assert "no DTK under /opt/dtk" in found["dtk_matches"]["message"]


def test_a_doctor_looks_at_a_file_too(
    loresmith: Loresmith, put_tool: PutTool, tmp_path: Path
) -> None:
    del put_tool
    file = tmp_path / "sft.yaml"
    file.write_text("model_name_or_path: Qwen/Qwen2-7B\ndo_train: true\nfp16: true\nlora_rnak: 8\n")
    done = loresmith("doctor", file)
    assert done.code == 1
    assert "note: Qwen/Qwen2-7B is a Qwen2 model" in done.out
    assert "lora_rnak" in done.out
    assert loresmith("doctor", tmp_path / "none.yaml").code == 2
