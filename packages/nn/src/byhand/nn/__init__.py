"""Neural-network modules, their functional forms and initialisers, with PyTorch's names."""

__all__: list[str] = []
