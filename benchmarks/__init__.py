"""Measurements, side by side: never timed tests. `hatch run bench` prints them."""
