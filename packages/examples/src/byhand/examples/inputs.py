"""What `predict` is given: an image, rows of numbers, or a text. Each error names the file and says what was expected."""

import errno
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

__all__ = ["read_document", "read_grey", "read_numbers", "read_words"]


def read_grey(path: str, size: int) -> npt.NDArray[np.uint8]:
    """Read an image as size × size grey pixels, ink bright on dark: on bright paper (judged by the border) it is turned round."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(_existing(path)) as image:
            pixels = np.asarray(image.convert("L").resize((size, size), Image.Resampling.BOX))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise click.ClickException(f"{path}: not an image that can be read ({error}); give a PNG or a JPEG") from None
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return 255 - pixels if border.mean() > 127 else pixels


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
