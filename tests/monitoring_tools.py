"""What tools that watch cards print, in their forms and with figures of our own, and such tools
as small programs."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

PutTool = Callable[..., Path]

MALFORMED = (
    '{"card0": {"Card Series": "BW", "Average Graphics Package Power (W)": "92.0"'
    '"Average GFX Core Power (W)": "21.0""Average Memory Power (W)": "37.0", '
    '"Temperature (Sensor edge) (C)": "55.0", "HCU use (%)": "12.5", '
    '"HCU memory use (%)": "97", "": "", "": "", "vram Total Memory (MiB)": "65520", '
    '"vram Total Used Memory (MiB)": "63554"}}'
)
TABLE = """
============================ System Management Interface =============================
======================================================================================
DCU     Temp     AvgPwr     Perf     PwrCap     VRAM%      DCU%      Mode
0       64.0C    9.0W       manual   600.0W     81%        72%       Normal
1       66.0C    8.0W       manual   600.0W     83%        31%       N/A
======================================================================================
=================================== End of SMI Log ===================================
"""
NEWER_TABLE = """
HCU     Temp     AvgPwr     Perf     PwrCap     VRAM%      HCU%      Dec%      Enc%      Mode
0       52.0C    96.0W      auto     1000.0W    2%         0.0%      0.0%      0.0%      Normal
"""
OLDER_TABLE = """
DCU Temp AvgPwr SCLK MCLK Fan Perf PwrCap VRAM% DCU%
0 44.0c 31.0W 700Mhz 1200Mhz 0% auto 300W 21% 83%
"""
LINES = """
======================= ROCm System Management Interface =======================
GPU[0]\t\t: GPU use (%): 25
GPU[0]\t\t: VRAM Total Memory (B): 17179869184
GPU[0]\t\t: VRAM Total Used Memory (B): 1342181376
GPU[1]\t\t: GPU use (%): 0
GPU[1]\t\t: Temperature (Sensor edge) (C): 41.0
================================================================================
"""
PIDS = """
PID: 2004101
\tHCU Index: ['1'] 
\tVRAM USED(MiB): 9650
\tVRAM USED(%): inf
PID: 2004177
\tHCU Index: ['0', '1'] 
\tVRAM USED(MiB): 100
\tVRAM USED(%): 1
"""  # noqa: W291 - as the tool prints it
AMD_PIDS = """
============================ KFD Processes ============================
KFD process information:
PID\tPROCESS NAME\tGPU(s)\tVRAM USED\tSDMA USED\tCU OCCUPANCY
4711\tpython3 -m\t1\t1342181376\t0\t0
4712\tidle\t1\t0\t0\tUNKNOWN
=======================================================================
"""


def tool_in(folder: Path) -> PutTool:
    """Puts programs into `folder`, which answer by their first word, `` for any other."""

    def put(name: str, answers: Mapping[str, str], *, before: str = "", code: int = 0) -> Path:
        cases = "".join(
            f"{shlex.quote(word) if word else '*'}) printf %s {shlex.quote(text)};;\n"
            for word, text in sorted(answers.items(), reverse=True)  # the one for all comes last
        )
        tool = folder / name
        tool.write_text(f'#!/bin/sh\n{before}\ncase "$1" in\n{cases}esac\nexit {code}\n')
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        return tool

    return put
