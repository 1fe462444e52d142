"""`python -m byhand.examples`."""

import os

os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")  # before NumPy is loaded; see `byhand.tensor._threads`

from byhand.examples.cli import main
from byhand.tensor.utils.memory import keep_freed_memory

if __name__ == "__main__":
    keep_freed_memory()  # a fifth to a third of the time of a convolutional network
    main()
