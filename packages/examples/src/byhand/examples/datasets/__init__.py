"""Real data sets, one short file each: where the files come from, how they are checked, and what is in them.

Every module has a `load`, which returns plain NumPy arrays or text. `download` fetches and verifies files; `idx` and
`pickles` read the two binary formats. How the arrays are split into parts is said by the examples, with `data.cut`.
"""

__all__: list[str] = []
