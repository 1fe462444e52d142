"""What `predict` is given: an image, rows of numbers, or a text. Each error names the file and says what was expected."""

import errno
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["read_colours", "read_document", "read_grey", "read_numbers", "read_words"]


def read_grey(path: str, size: int) -> npt.NDArray[np.uint8]:
    """Read an image as size × size grey pixels, ink bright on dark: on bright paper (judged by the border) it is turned round.

    One that is no square is made one by a frame in the colour of its corner.
    """
    from PIL import Image, ImageOps

    grey = _image(path).convert("L")
    pixels = np.asarray(ImageOps.pad(grey, (size, size), Image.Resampling.BOX, color=int(np.asarray(grey)[0, 0])))
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return 255 - pixels if border.mean() > 127 else pixels


def read_colours(path: str, size: int) -> npt.NDArray[np.uint8]:
    """Read an image as 3 × size × size bytes: red, green, blue. Of one that is no square, the middle."""
    from PIL import Image, ImageOps

    return np.moveaxis(np.asarray(ImageOps.fit(_image(path), (size, size), Image.Resampling.LANCZOS)), -1, 0)


def _image(path: str) -> "Image":
    """The image of a file, upright, in red, green and blue; white where it is transparent."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(_existing(path)) as file:
            image = ImageOps.exif_transpose(file)
            if image.mode.startswith("I"):  # 16 bits a pixel, which `convert` would cut off at 255
                image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
            paper = Image.new("RGBA", image.size, "white")
            paper.alpha_composite(image.convert("RGBA"))
            return paper.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise click.ClickException(f"{path}: not an image that can be read ({error}); give a PNG or a JPEG") from None


def read_numbers(path: str, names: tuple[str, ...]) -> npt.NDArray[Any]:
    """Read one or more rows of numbers, with commas or blanks between them, one for each name."""
    rows = [line.replace(",", " ").split() for line in _existing(path).read_text().splitlines() if line.strip()]
    try:
        table = np.array([[float(number) for number in row] for row in rows], dtype=np.float64)
    except ValueError:
        table = np.empty((0, 0))
    if table.ndim != 2 or not len(table) or table.shape[1] != len(names):
        raise click.ClickException(f"{path}: expected {len(names)} numbers a line, in this order: {', '.join(names)}")
    return table


def read_words(given: str) -> str:
    """The text of a file (UTF-8), without the line break at its end, or, if there is no such file, what is given itself."""
    try:
        if not Path(given).is_file():
            return given
        return Path(given).read_text("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{given}: not a text in UTF-8 ({error})") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return given
        raise click.ClickException(f"{given}: {error.strerror}") from None


def read_document(path: str) -> str:
    """The text of a file (UTF-8), without the line break at its end."""
    return read_words(str(_existing(path)))


def _existing(path: str) -> Path:
    if not Path(path).is_file():
        raise click.ClickException(f"{path}: there is no such file")
    return Path(path)
