"""Helpers beside the modules: `rnn`, sequences of different lengths in one tensor."""

from . import rnn as rnn

__all__ = ["rnn"]
