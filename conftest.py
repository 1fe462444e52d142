"""Settings of every test: hypothesis draws the same examples in every run, and times none of them."""

from hypothesis import settings

settings.register_profile("byhand", deadline=None, derandomize=True)
settings.load_profile("byhand")
