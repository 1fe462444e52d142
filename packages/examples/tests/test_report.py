"""Figures and pictures of a classifier with two classes."""

import sys

import numpy as np
import pytest
from byhand.examples.metrics import BinaryReport
from byhand.examples.plots import save_report
from PIL import Image
from rich.console import Console

TRUTH = np.array([0, 0, 0, 1, 1, 1, 1, 0], dtype=np.float32)
LOGITS = np.array([-2, -1, 0.5, 3, 1, -0.5, 2, -3], dtype=np.float32)


@pytest.fixture
def report():
    return BinaryReport.of(TRUTH, LOGITS, ("no", "yes"))


def test_counts(report):
    np.testing.assert_array_equal(report.confusion, [[3, 1], [1, 3]])
    assert (report.accuracy, report.precision, report.recall) == (6 / 8, 3 / 4, 3 / 4)
    pairs = [(p > n) for p in LOGITS[TRUTH == 1] for n in LOGITS[TRUTH == 0]]
    assert report.area == pytest.approx(np.mean(pairs))


def test_nothing_answered_positive():
    report = BinaryReport.of(TRUTH, np.full(8, -1.0, dtype=np.float32), ("no", "yes"))
    assert (report.precision, report.recall, report.area) == (0, 0, 0.5)


def test_tables_show_every_figure(report):
    console = Console(width=100, record=True, file=sys.stderr)
    console.print(*report.tables())
    text = console.export_text()
    for shown in ("accuracy", "75.0%", "area under ROC", "→ yes"):
        assert shown in text


def test_the_picture_is_a_picture(tmp_path, report):
    history = [
        {"epoch": i, "loss": 1 / i, "validation_loss": 1 / i + 0.1 * (i > 2), "validation_accuracy": 0.9} for i in (1, 2, 3)
    ]
    loaded = "matplotlib.pyplot" in sys.modules
    save_report(tmp_path / "report.png", "Title", history, report)
    assert ("matplotlib.pyplot" in sys.modules) == loaded
    with Image.open(tmp_path / "report.png") as picture:
        assert picture.size[0] > 1000
        assert len(picture.convert("RGB").getcolors(2**24)) > 50
