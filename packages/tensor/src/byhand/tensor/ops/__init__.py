"""The op table: each operation is one function on arrays and one rule for each differentiable input."""
