from __future__ import annotations

import pytest

from loresmith.devices import Device, detect_device
from loresmith.devices.device import is_dtk_wheel, kind_of
from loresmith.devices.machine import Machine, probe_machine
from loresmith.errors import LoresmithError

A_CARD = Machine(torch_version="2.10.0", torch_sees_card=True, card_name="card")


def a_card(**seen: object) -> Machine:
    return A_CARD.model_copy(update=seen)


@pytest.mark.parametrize(
    ("machine", "kind"),
    [
        (Machine(), "cpu"),
        (Machine(torch_version="2.13.0+cpu", hy_smi="/opt/hyhal/bin/hy-smi"), "cpu"),
        (a_card(), "cuda"),
        (a_card(hy_smi="/opt/hyhal/bin/hy-smi"), "cuda"),
        (a_card(hip_version="6.3"), "rocm"),
        (a_card(hip_version="6.3", has_kfd=True, architecture="gfx942"), "rocm"),
        (a_card(torch_version="2.4.1+das.opt2.dtk2504"), "dcu"),
        (a_card(torch_version="2.10.0+das.opt1.dtk2604.20260325.g6b060a"), "dcu"),
        (a_card(hip_version="5.7", hy_smi="/usr/local/hyhal/bin/hy-smi"), "dcu"),
        (a_card(hip_version="5.7", has_kfd=True, kernel_modules=frozenset({"hycu"})), "dcu"),
        (a_card(hip_version="5.7", has_kfd=True, kernel_modules=frozenset({"hydcu"})), "dcu"),
        (a_card(hip_version="5.7", architecture="gfx926"), "dcu"),
        (a_card(hip_version="5.7", architecture="gfx928"), "dcu"),
        (a_card(hip_version="5.7", architecture="gfx936"), "dcu"),
    ],
)
def test_tells_cards_apart_by_wheel_then_tool_then_driver_then_chip(
    machine: Machine, kind: str
) -> None:
    assert kind_of(machine) == kind


def test_gfx906_is_sold_by_amd_and_hygon_and_only_the_other_signs_tell_which() -> None:
    ambiguous = a_card(hip_version="5.7", architecture="gfx906")
    assert kind_of(ambiguous) == "rocm"
    assert kind_of(ambiguous.model_copy(update={"hy_smi": "/opt/hyhal/bin/hy-smi"})) == "dcu"


@pytest.mark.parametrize(
    ("version", "is_dtk"),
    [
        ("2.4.1+das.opt2.dtk2504", True),
        ("2.4.1+dtk2504", True),
        ("2.13.0+cpu", False),
        ("2.10.0", False),
        ("2.6.0+rocm6.2.4", False),
        ("", False),
    ],
)
def test_knows_wheels_of_the_dtk_by_their_version(version: str, is_dtk: bool) -> None:
    assert is_dtk_wheel(version) == is_dtk


def test_a_dcu_is_addressed_as_cuda_and_computes_in_bf16() -> None:
    device = detect_device(
        machine=a_card(
            torch_version="2.4.1+das.opt2.dtk2504",
            hip_version="5.7",
            architecture="gfx928",
            card_name="K100_AI",
            card_memory_bytes=68_702_699_520,
        )
    )
    assert (device.kind, device.torch_device, device.name) == ("dcu", "cuda:0", "K100_AI")
    assert device.bf16
    assert device.memory_bytes == 68_702_699_520


@pytest.mark.parametrize(("capability", "bf16"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_nvidia_cards_have_bf16_since_ampere(capability: tuple[int, int], bf16: bool) -> None:
    assert detect_device(machine=a_card(capability=capability)).bf16 is bf16


@pytest.mark.parametrize(
    ("flags", "bf16"),
    [
        ({"avx2", "avx512f"}, False),
        ({"avx512f", "avx512_bf16"}, True),
        ({"amx_tile", "amx_bf16"}, True),
        ({"asimd", "bf16"}, True),
    ],
)
def test_a_processor_has_bf16_when_its_flags_say_so(flags: set[str], bf16: bool) -> None:
    assert detect_device(machine=Machine(cpu_flags=frozenset(flags))).bf16 is bf16


def test_the_cpu_can_be_preferred_to_a_card() -> None:
    assert detect_device("cpu", machine=a_card()).kind == "cpu"


def test_asking_for_what_is_not_there_says_what_is() -> None:
    with pytest.raises(LoresmithError, match=r"'cuda' was asked for.*offers 'cpu'"):
        detect_device("cuda", machine=Machine(torch_version="2.13.0+cpu"))


def test_asking_for_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(LoresmithError, match="no device kind 'tpu'") as caught:
        detect_device("tpu", machine=Machine())
    assert "rocm" in caught.value.hint


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (Machine(torch_version="2.13.0+cpu", has_nvidia_driver=True), "CUDA build"),
        (Machine(torch_version="2.13.0+cpu", hy_smi="/opt/hyhal/bin/hy-smi"), "DTK"),
        (Machine(torch_version="2.13.0+cpu", has_kfd=True), "ROCm build"),
        (Machine(), "not installed"),
    ],
)
def test_a_card_that_torch_cannot_drive_is_named_in_the_note(machine: Machine, words: str) -> None:
    device = detect_device(machine=machine)
    assert device.kind == "cpu"
    assert words in device.note


def test_this_machine_is_described_truly_enough_to_compute_on() -> None:
    device = detect_device()
    assert isinstance(device, Device)
    assert device.name
    assert device.memory_bytes > 100_000_000
    assert device.threads >= 1
    assert probe_machine().torch_version
