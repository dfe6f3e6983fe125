"""The allocator's settings: freed blocks leave the process."""

import platform
import subprocess
import sys

import pytest

# A large block that was freed once tells malloc to take the next ones from its heap, where a small one on top holds
# them back after they are freed.
PROGRAM = """
import sys
from app.session.memory import give_back

def resident_mib():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

if sys.argv[1] == "set":
    give_back()
bytes(30 * 2**20)
before = resident_mib()
blocks = [b"x" * (4 * 2**20) for _ in range(64)]
pin = b"x" * 100_000
blocks.clear()
print(resident_mib() - before)
"""


def kept_mib(how: str) -> float:
    run = subprocess.run([sys.executable, "-c", PROGRAM, how], check=True, capture_output=True, text=True)
    return float(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is set")
def test_freed_blocks_leave_the_process():
    assert kept_mib("as it is") > 200  # else this program would prove nothing
    assert kept_mib("set") < 8
