"""Optimisers and learning-rate schedules, with PyTorch's names."""

__all__: list[str] = []
