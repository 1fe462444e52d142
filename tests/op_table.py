"""The op table: each operation with its samples. The checks in `test_ops_*.py` all come from here.

A new operation is one function, one rule (both in `byhand.tensor.ops`) and one row in an `op_rows_*` file.
"""

import op_rows_pointwise
import op_rows_reductions
import op_rows_shapes
import pytest
from op_sample import Row

ROWS: tuple[Row, ...] = (*op_rows_pointwise.ROWS, *op_rows_reductions.ROWS, *op_rows_shapes.ROWS)


def samples(rows, *, errors=False):
    """Each row with each of its samples, as pytest parameters."""
    return [
        pytest.param(row, sample, id=f"{row.name}{sample!r}")
        for row in rows
        for sample in (row.errors if errors else row.samples)
    ]
