"""Fashion-MNIST: 70,000 pictures of clothes, in the format of MNIST (Xiao, Rasul & Vollgraf, 2017)."""

from pathlib import Path

from byhand.examples.datasets.images import Images, TrainOrTest, four_files, load_idx

__all__ = ["CLASSES", "load"]

CLASSES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
ADDRESSES = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
SHA256 = {
    "train-images": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
FILES = four_files("fashion-mnist", SHA256, ADDRESSES)


def load(part: TrainOrTest, folder: str | Path | None = None) -> Images:
    """The 60,000 images to learn from (N × 28 × 28 bytes, 0 … 255) with their labels, or the 10,000 to test on."""
    return load_idx(FILES, part, folder)
