"""Each file of constraints/ tells what goes with one release of Hygon's toolkit."""

from __future__ import annotations

import pytest

from loresmith.workspace.doctor.dtk_releases import dtk_of_wheel, dtk_releases


def test_each_release_names_its_python_its_wheels_and_what_goes_with_them() -> None:
    assert list(dtk_releases()) == ["25.04", "26.04"]
    for release in dtk_releases().values():
        assert release.python.startswith("3.10")
        assert release.wheels["torch"]
        assert {"transformers", "tokenizers", "peft", "accelerate"} <= release.pins.keys()
        assert "torch" not in release.pins


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("2.4.1+das.opt2.dtk2504", "25.04"),
        ("2.10.0+das.opt1.dtk2604.20260325.g6b060a", "26.04"),
        ("0.2.1+das.dtk25.04", "25.04"),
        ("2.1.0+das.opt1.dtk24043", "24.04"),
        ("2.13.0+cpu", ""),
        ("2.10.0", ""),
        ("1.0+das.dtk2", ""),
    ],
)
def test_a_wheel_tells_the_release_it_was_built_for(version: str, release: str) -> None:
    assert dtk_of_wheel(version) == release
