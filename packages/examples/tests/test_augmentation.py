"""Pictures changed at random are still the same pictures, and the same random state changes them in the same way."""

import byhand.tensor as torch
import numpy as np
import pytest
from byhand.examples.augmentation import mirrored, moved
from byhand.examples.cifar import Standardised

IMAGES = np.random.default_rng(0).integers(1, 256, (300, 3, 6, 5), dtype=np.uint8)


def test_a_moved_picture_is_a_piece_of_the_framed_one():
    torch.manual_seed(0)
    found = moved(IMAGES, 2)
    assert (found.shape, found.dtype) == (IMAGES.shape, np.uint8)
    seen = set()
    for before, after in zip(IMAGES, found):
        framed = np.pad(before, ((0, 0), (2, 2), (2, 2)))
        places = [(y, x) for y in range(5) for x in range(5) if np.array_equal(framed[:, y : y + 6, x : x + 5], after)]
        assert len(places) == 1
        seen.update(places)
    assert len(seen) == 25


def test_half_of_the_pictures_are_mirrored():
    torch.manual_seed(0)
    found = mirrored(IMAGES)
    turned = [np.array_equal(after, before[..., ::-1]) for before, after in zip(IMAGES, found)]
    kept = [np.array_equal(after, before) for before, after in zip(IMAGES, found)]
    assert np.array_equal(turned, ~np.array(kept))
    assert 120 < sum(turned) < 180


@pytest.mark.parametrize("change", [mirrored, lambda images: moved(images, 1)])
@pytest.mark.parametrize("shape", [(40, 6, 5), (40, 3, 6, 5), (0, 6, 5)])
def test_the_random_state_decides(change, shape):
    images = IMAGES[: shape[0]].reshape(-1, 6, 5)[: shape[0]] if len(shape) == 3 else IMAGES[: shape[0]]
    torch.manual_seed(3)
    first, second = change(images), change(images)
    torch.manual_seed(3)
    np.testing.assert_array_equal(change(images), first)
    assert first.shape == shape
    assert not len(images) or not np.array_equal(first, second)


def test_colours_are_standardised_by_the_training_images():
    module, images = Standardised(), (IMAGES // np.array([1, 2, 3], np.uint8).reshape(3, 1, 1))
    module.learn(images)
    found = module(torch.tensor(images.astype(np.float32))).numpy()
    np.testing.assert_allclose(found.mean((0, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(found.std((0, 2, 3)), 1, atol=1e-4)
    assert sorted(module.state_dict()) == ["deviation", "mean"]
