"""Images as users have them: of any size, on paper or on a screen, with 16 bits, transparent, lying on their side."""

import numpy as np
import pytest
from byhand.examples.inputs import read_colours, read_grey
from PIL import Image

RNG = np.random.default_rng(0)
DIGIT = np.zeros((8, 8), np.uint8)
DIGIT[1:7, 3:5] = RNG.integers(100, 256, (6, 2))


def saved(tmp_path, pixels, mode=None, **how):
    path = tmp_path / "a.png"
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **how)
    return str(path)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "LA"])
def test_what_has_the_right_size_comes_back_as_it_is(tmp_path, mode):
    np.testing.assert_array_equal(read_grey(saved(tmp_path, DIGIT, mode), 8), DIGIT)


def test_ink_on_paper_is_turned_round(tmp_path):
    np.testing.assert_array_equal(read_grey(saved(tmp_path, 255 - DIGIT), 8), DIGIT)


def test_ink_on_nothing_is_ink_on_paper(tmp_path):
    drawn = np.zeros((8, 8, 4), np.uint8)  # black, and how much of it
    drawn[..., 3] = DIGIT
    np.testing.assert_array_equal(read_grey(saved(tmp_path, drawn), 8), DIGIT)


def test_sixteen_bits(tmp_path):
    np.testing.assert_array_equal(read_grey(saved(tmp_path, DIGIT.astype(np.uint16) * 256 + 7), 8), DIGIT)


def test_larger_ones_are_averaged_and_long_ones_framed(tmp_path):
    large = DIGIT.repeat(5, 0).repeat(5, 1)
    np.testing.assert_array_equal(read_grey(saved(tmp_path, large), 8), DIGIT)
    np.testing.assert_array_equal(read_grey(saved(tmp_path, 255 - large[:, 10:30]), 8), DIGIT)  # 40 × 20: not made wide


def test_a_photograph(tmp_path):
    photograph = RNG.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read_colours(saved(tmp_path, photograph), 6), photograph.transpose(2, 0, 1))
    wide = np.pad(photograph, ((0, 0), (4, 4), (0, 0)))
    np.testing.assert_array_equal(read_colours(saved(tmp_path, wide), 6), photograph.transpose(2, 0, 1))
    assert read_colours(saved(tmp_path, photograph.repeat(9, 0)), 32).shape == (3, 32, 32)
    grey = read_colours(saved(tmp_path, photograph[..., 0]), 6)
    np.testing.assert_array_equal(grey, np.stack([photograph[..., 0]] * 3))


def test_a_photograph_taken_on_its_side(tmp_path):
    photograph = RNG.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # what lies on its side is to be turned by a quarter clockwise
    found = read_colours(saved(tmp_path, photograph, exif=exif), 6)
    np.testing.assert_array_equal(found, np.rot90(photograph, -1).transpose(2, 0, 1))
