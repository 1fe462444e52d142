"""utils.memory, in a process of its own: what it arranges cannot be undone."""

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from byhand.tensor.utils.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        np.ones(2**20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

taken = keep_freed_memory()
np.ones(2**20)
print(taken, faults())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the C library of Linux")
def test_freed_memory_is_taken_again_without_page_faults():
    taken, faults = subprocess.run([sys.executable, "-c", FAULTS], check=True, capture_output=True, text=True).stdout.split()
    if taken == "False":
        pytest.skip("another C library than glibc")
    assert int(faults) < 100  # without it there are 400, or 10,000 where pages are small
