"""Programs on real data, built from the four libraries of byhand."""

__all__: list[str] = []
