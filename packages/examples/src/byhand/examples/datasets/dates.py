"""Dates as people write them, and as ISO 8601 does: all days from 1930 to 2029, made up here, each written once."""

from datetime import date, timedelta

import numpy as np

__all__ = ["FORMATS", "load", "written"]

FIRST, DAYS = date(1930, 1, 1), 36_525  # a hundred years: two digits say which
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FORMATS = (
    "{d} {month} {y}", "{d}. {month} {y}", "{month} {d}, {y}", "{d} {mon} {y}", "{mon} {d}, {y}", "{d}-{mon}-{yy}",
    "{nth} {month} {y}", "the {nth} of {month} {y}", "{month} {nth}, {y}", "{month} the {nth}, {y}",
    "{weekday}, {d} {month} {y}", "{weekday}, {month} {d}, {y}", "{day} {d} {mon} {yy}", "{weekday} the {nth} of {month}, {y}",
    "{m}/{d}/{y}", "{m}/{d}/{yy}", "{d}.{m}.{y}", "{d}.{m}.{yy}", "{y}/{m:02}/{d:02}",
)  # fmt: skip
LETTERS = (str, str.lower, str.upper)


def load(seed: int) -> tuple[list[str], list[str]]:
    """All days as people write them, and in ISO 8601 (1998-03-05); the seed says how each is written."""
    rng = np.random.default_rng(seed)
    days = [FIRST + timedelta(n) for n in range(DAYS)]
    forms, letters = rng.integers(len(FORMATS), size=DAYS), rng.integers(len(LETTERS), size=DAYS)
    return [LETTERS[j](written(day, FORMATS[i])) for day, i, j in zip(days, forms, letters)], [day.isoformat() for day in days]


def written(day: date, form: str) -> str:
    """A day in one of the `FORMATS`. With slashes the month comes before the day, with dots the day."""
    month, weekday = MONTHS[day.month - 1], WEEKDAYS[day.weekday()]
    nth = f"{day.day}" + ("th" if 10 < day.day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th"))
    return form.format(
        d=day.day, nth=nth, m=day.month, month=month, mon=month[:3], y=day.year, yy=f"{day.year % 100:02}",
        weekday=weekday, day=weekday[:3],
    )  # fmt: skip
