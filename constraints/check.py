"""Proves that each constraints file resolves for Python 3.10; nothing is installed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    failed = [path.name for path in sorted(HERE.glob("*.txt")) if not _resolves(path)]
    for name in failed:
        print(f"constraints/{name} does not resolve", file=sys.stderr)
    return int(bool(failed))


def _resolves(constraints: Path) -> bool:
    requirements = [line for line in metadata.requires("loresmith") or () if _is_wanted(line)]
    plain = [line.partition(";")[0].strip() for line in requirements]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--dry-run", "--ignore-installed", "--python-version", "3.10"),
            *("--only-binary=:all:", "--target", folder, "-c", str(constraints), *plain),
        ]
        return subprocess.run(command, check=False).returncode == 0


def _is_wanted(requirement: str) -> bool:
    """What a user installs: our own needs and those of the extra `train`."""
    condition = requirement.partition(";")[2]
    return not condition.strip() or "train" in condition


if __name__ == "__main__":
    sys.exit(main())
