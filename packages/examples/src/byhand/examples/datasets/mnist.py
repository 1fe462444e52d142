"""MNIST: 70,000 handwritten digits, 28 × 28 grey pixels (LeCun, Cortes & Burges, 1998)."""

from pathlib import Path

from byhand.examples.datasets.images import Images, TrainOrTest, four_files, load_idx

__all__ = ["CLASSES", "load"]

CLASSES = tuple("0123456789")
ADDRESSES = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
SHA256 = {
    "train-images": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
FILES = four_files("mnist", SHA256, ADDRESSES)


def load(part: TrainOrTest, folder: str | Path | None = None) -> Images:
    """The 60,000 images to learn from (N × 28 × 28 bytes, 0 paper … 255 ink) with their labels, or the 10,000 to test on."""
    return load_idx(FILES, part, folder)
