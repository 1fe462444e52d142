"""CIFAR-100: 60,000 photographs of a hundred things in twenty groups, 32 × 32 colour pixels (Krizhevsky, 2009)."""

from pathlib import Path
from typing import Literal

from byhand.examples.datasets.cifar import locate, read_batches
from byhand.examples.datasets.download import RemoteFile
from byhand.examples.datasets.images import Images, TrainOrTest

__all__ = ["CLASSES", "GROUPS", "load"]

FILE = RemoteFile(
    "cifar-100",
    "cifar-100-python.tar.gz",
    "md5:eb9058c3a382ffc7106e4002c42a8d85",
    ("https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",),
)
Labels = Literal["fine", "coarse"]
# As in the archive's file `meta`, so that a trained model can name what it sees without it.
_CLASSES = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
    caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
    flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man
    maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
    plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail
    snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout
    tulip turtle wardrobe whale willow_tree wolf woman worm
"""
_GROUPS = """
    aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices household_furniture
    insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores
    medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2
"""
CLASSES, GROUPS = tuple(_CLASSES.split()), tuple(_GROUPS.split())


def load(
    part: TrainOrTest, folder: str | Path | None = None, archive: str | Path | None = None, labels: Labels = "fine"
) -> Images:
    """The 50,000 images to learn from (N × 3 × 32 × 32 bytes), or the 10,000 to test on; labelled 0 … 99, or coarsely 0 … 19.

    `archive` names another archive in the same layout, as for CIFAR-10.
    """
    return read_batches(locate(FILE, folder, archive), [f"cifar-100-python/{part}"], f"{labels}_labels")
