"""What is wrong with a machine is told with its fix; machines we do not own are recorded."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loresmith.devices import detect_device
from loresmith.devices.examination import Examination
from loresmith.devices.machine import Machine
from loresmith.devices.matrix_check import ProductCheck
from loresmith.settings import Settings
from loresmith.workspace.doctor import Finding, Scene
from loresmith.workspace.doctor.checks import MACHINE_CHECKS, TRAINING_CHECKS
from loresmith.workspace.doctor.checks.card_environment import card_environment
from loresmith.workspace.doctor.checks.card_is_open import card_is_open
from loresmith.workspace.doctor.checks.dtk_matches import dtk_matches
from loresmith.workspace.doctor.checks.embedded_model import embedded_model
from loresmith.workspace.doctor.checks.home_folder import home_folder
from loresmith.workspace.doctor.checks.packages import packages
from loresmith.workspace.doctor.checks.product_is_right import product_is_right
from loresmith.workspace.doctor.checks.proxy import proxy
from loresmith.workspace.doctor.checks.torch_uses_card import torch_uses_card

CPU = Machine(torch_version="2.13.0+cpu")
DCU = Machine(
    torch_version="2.4.1+das.opt2.dtk2504",
    torch_sees_card=True,
    hip_version="5.7",
    hy_smi="/opt/hyhal/bin/hy-smi",
    has_kfd=True,
    kernel_modules=frozenset({"hydcu"}),
    dtk_version="25.04",
)
WHEELS = {
    "torch": "2.4.1+das.opt2.dtk2504",
    "flash_attn": "2.6.1+das.opt4.dtk2504",
    "deepspeed": "0.14.2+das.opt2.dtk2504",
    "transformers": "5.8.0",
    "tokenizers": "0.22.2",
}


def scene(machine: Machine = CPU, **given: Any) -> Scene:
    return Scene(**{"machine": machine, "packages": {}, "environment": {}, **given})


def told(check: Callable[[Scene], Iterator[Finding]], scene: Scene) -> list[str]:
    return [finding.message for finding in check(scene)]


@pytest.mark.parametrize("check", [*MACHINE_CHECKS, *TRAINING_CHECKS], ids=lambda one: one.__name__)
def test_a_check_is_named_as_its_file_is(check: Callable[[Scene], Iterator[Finding]]) -> None:
    assert check.__module__.rpartition(".")[2] == check.__name__
    assert check.__doc__


def test_a_dcu_whose_parts_are_of_one_release_is_well() -> None:
    well = scene(DCU, packages=WHEELS, python=(3, 10), environment={"ROCM_PATH": "/"})
    assert told(dtk_matches, well) == []
    assert told(card_environment, well) == []
    assert told(torch_uses_card, well) == []


@pytest.mark.parametrize(
    ("machine", "packages", "python", "words"),
    [
        (
            DCU,
            {**WHEELS, "flash_attn": "2.6.1+das.opt1.dtk2404"},
            (3, 10),
            "flash_attn 2.6.1+das.opt1.dtk2404 is built for DTK 24.04, and this is DTK 25.04",
        ),
        (
            DCU.model_copy(update={"dtk_version": "26.04"}),
            {"torch": "2.4.1+das.opt2.dtk2504"},
            (3, 10),
            "torch 2.4.1+das.opt2.dtk2504 is built for DTK 25.04, and this is DTK 26.04",
        ),
        (DCU, WHEELS, (3, 11), "this is Python 3.11, and the wheels of DTK 25.04 are for"),
        (
            DCU,
            {**WHEELS, "torch": "2.4.1"},
            (3, 10),
            "torch 2.4.1 is no build of Hygon's, so that it cannot use a DCU",
        ),
        (
            DCU,
            {**WHEELS, "deepspeed": "0.16.0+das.opt1.dtk2504"},
            (3, 10),
            "deepspeed 0.16.0+das.opt1.dtk2504 is installed, and DTK 25.04 has deepspeed 0.14.2",
        ),
        (
            DCU,
            {**WHEELS, "transformers": "5.23.0"},
            (3, 10),
            "other versions are installed than go with DTK 25.04: transformers 5.23.0 (not 5.8.0)",
        ),
        (
            DCU.model_copy(update={"dtk_version": ""}),
            WHEELS,
            (3, 10),
            "a Hygon DCU or its wheels are there, and no DTK under /opt/dtk",
        ),
    ],
)
def test_each_part_of_a_dcu_that_does_not_fit_is_named(
    machine: Machine, packages: dict[str, str], python: tuple[int, int], words: str
) -> None:
    (message, *_) = told(dtk_matches, scene(machine, packages=packages, python=python))
    assert message.startswith(words)


def test_a_release_nobody_tells_of_is_a_note_and_a_later_python_may_do() -> None:
    unknown = DCU.model_copy(update={"dtk_version": "29.04"})
    (note,) = dtk_matches(scene(unknown, packages={"torch": "3.1+das.opt1.dtk2904"}))
    assert not note.wrong
    assert "25.04, 26.04" in note.hint
    newer = DCU.model_copy(update={"dtk_version": "26.04"})
    wheel = {"torch": "2.10.0+das.opt1.dtk2604.20260325.g6b060a"}
    assert told(dtk_matches, scene(newer, packages=wheel, python=(3, 11))) == []
    assert told(dtk_matches, scene(newer, packages=wheel, python=(3, 9))) != []


def test_a_machine_without_a_dcu_is_not_asked_for_one() -> None:
    assert told(dtk_matches, scene(packages={"torch": "2.13.0+cpu"})) == []


def test_a_card_that_torch_was_not_built_for_is_told() -> None:
    nvidia = CPU.model_copy(update={"has_nvidia_driver": True})
    (finding,) = torch_uses_card(scene(nvidia))
    assert finding.message == (
        "this machine's card is not used: torch 2.13.0+cpu is built for the processor alone"
    )
    assert "CUDA build" in finding.hint
    broken = DCU.model_copy(update={"torch_sees_card": False, "torch_fault": "libx.so is missing"})
    (finding,) = torch_uses_card(scene(broken))
    assert "cannot be imported" in finding.message
    assert "libx.so is missing" in finding.hint


def test_a_driver_that_cannot_be_asked_is_told() -> None:
    hung = Examination(
        machine=CPU, device=detect_device(machine=CPU), fault="no answer from torch within 120 s"
    )
    (message,) = told(torch_uses_card, scene(examination=hung))
    assert "no answer from torch within 120 s" in message


def test_a_driver_that_is_not_loaded_or_closed_is_told(tmp_path: Path) -> None:
    kfd = tmp_path / "kfd"
    (finding,) = card_is_open(scene(DCU), kfd=kfd)
    assert "the driver is not loaded" in finding.message
    kfd.touch(mode=0o666)
    assert list(card_is_open(scene(DCU), kfd=kfd)) == []
    if os.geteuid() == 0:  # to whom nothing is closed
        return
    kfd.chmod(0)
    (finding,) = card_is_open(scene(DCU), kfd=kfd)
    assert "closed to this user" in finding.message


@pytest.mark.parametrize(
    ("machine", "environment", "words"),
    [
        (DCU, {}, "ROCM_PATH is not set"),
        (DCU, {"ROCM_PATH": "/no/dtk"}, "ROCM_PATH names /no/dtk, which is not there"),
        (
            DCU,
            {"ROCM_PATH": "/", "HIP_VISIBLE_DEVICES": "0", "CUDA_VISIBLE_DEVICES": "1"},
            "choose different cards",
        ),
        (
            CPU.model_copy(update={"has_nvidia_driver": True}),
            {"CUDA_VISIBLE_DEVICES": ""},
            "CUDA_VISIBLE_DEVICES is '', and with that torch sees no card",
        ),
        (CPU, {"OMP_NUM_THREADS": "all"}, "OMP_NUM_THREADS is 'all'"),
    ],
)
def test_a_variable_that_hides_or_misleads_is_told(
    machine: Machine, environment: dict[str, str], words: str
) -> None:
    (message,) = told(card_environment, scene(machine, environment=environment))
    assert words in message


def test_variables_of_no_consequence_here_are_left_alone() -> None:
    left_over = {"CUDA_VISIBLE_DEVICES": "0", "OMP_NUM_THREADS": "4"}
    assert told(card_environment, scene(environment=left_over)) == []


def test_a_wrong_product_is_told_with_what_was_wrong() -> None:
    products = tuple(
        ProductCheck(device=f"cuda:{place}", name="K100", size=8, right=place == 0, **more)
        for place, more in enumerate([{}, {"off": 0.5}, {}, {"fault": "out of memory"}])
    )
    done = Examination(machine=DCU, device=detect_device(machine=DCU), products=products)
    assert told(product_is_right, scene(examination=done)) == [
        "a product of two matrices on cuda:1 (K100) fails: the result is wrong",
        "a product of two matrices on cuda:2 (K100) fails: the result is wrong",
        "a product of two matrices on cuda:3 (K100) fails: out of memory",
    ]


def test_missing_and_old_packages_are_told_with_the_command(tmp_path: Path) -> None:
    here = Scene(settings=Settings(home=tmp_path, database_url=None))
    assert [one for one in packages(here) if one.wrong] == []
    installed = {"torch": "2.3.0", "transformers": "5.8.0+das.opt1"}
    found = list(packages(scene(packages=installed, settings=here.settings)))
    wrong = {one.hint: one.message for one in found if one.wrong}
    assert "peft" in wrong["pip install 'loresmith[train]'"]
    assert "transformers" not in wrong["pip install 'loresmith[train]'"]
    assert any("torch 2.3.0 is installed" in message for message in wrong.values())
    assert [one.message.partition(":")[0] for one in found if not one.wrong] == [
        "the studio and the API cannot be started",
        "records cannot be kept in PostgreSQL",
    ]


def test_a_home_that_is_a_file_or_full_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    well = scene(settings=Settings(home=home / "new" / "one", database_url=None))
    assert told(home_folder, well) == []
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"
    home.write_text("a file")
    (message,) = told(home_folder, well)
    assert f"{home} is a file" in message
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10**8))
    assert any("only 0.1 GB free" in message for message in told(home_folder, well))


def test_the_embedded_model_is_missed_where_it_would_be_used(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url=None)
    (note,) = embedded_model(scene(settings=settings))
    assert not note.wrong
    wheel = {"LORESMITH_EMBEDDED_WHEEL": str(tmp_path / "gone.whl")}
    (finding,) = embedded_model(scene(settings=settings, environment=wheel))
    assert finding.wrong
    elsewhere = {"model_name_or_path": "Qwen/Qwen2.5-0.5B"}
    assert told(embedded_model, scene(settings=settings, asked=elsewhere)) == []


def test_a_proxy_in_the_way_is_told_without_its_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        alive = {"HTTPS_PROXY": f"http://me:secret@127.0.0.1:{port}", "http_proxy": ""}
        assert told(proxy, scene(environment=alive)) == []
    (message,) = told(proxy, scene(environment=alive))
    assert message.startswith(
        f"HTTPS_PROXY names a proxy that stands in the way: 127.0.0.1:{port} does not answer"
    )
    assert "secret" not in message


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("ftp://127.0.0.1:21", "its address should be like"),
        ("http://:8080", "its address should be like"),
        ("http://[::1", "its address is not understood"),
        ("http://127.0.0.1:port", "its address is not understood"),
    ],
)
def test_a_misspelt_proxy_is_told(address: str, why: str) -> None:
    (message,) = told(proxy, scene(environment={"ALL_PROXY": address}))
    assert why in message
