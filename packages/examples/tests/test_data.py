"""The split is what it says, and nothing is learnt from its other parts."""

import numpy as np
from byhand.examples.data import breast_cancer
from sklearn.datasets import load_breast_cancer


def parts(seed):
    split = breast_cancer(seed)
    return split, [split.train, split.validation, split.test]


def test_sizes_and_shares():
    _, three = parts(0)
    assert [len(part) for part in three] == [341, 114, 114]
    for part in three:
        assert part.inputs.shape == (len(part), 30)
        assert abs(part.targets.mean().item() - 212 / 569) < 0.01


def test_standardised_by_the_training_part_alone():
    split, _ = parts(1)
    train, test = split.train.inputs.numpy().astype(np.float64), split.test.inputs.numpy()
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(0), 1, atol=1e-6)
    assert np.abs(test.mean(0)).max() > 0.01


def test_every_patient_is_in_one_part():
    _, three = parts(2)
    rows = np.concatenate([part.inputs.numpy() for part in three])
    assert len(np.unique(rows, axis=0)) == 569
    raw, benign = load_breast_cancer(return_X_y=True)
    targets = np.concatenate([part.targets.numpy() for part in three])
    # Standardising is linear and increasing: sorted by the first measurement the patients stand in the same order.
    order, original = np.lexsort((rows[:, 1], rows[:, 0])), np.lexsort((raw[:, 1], raw[:, 0]))
    np.testing.assert_array_equal(targets[order], 1 - benign[original])


def test_the_seed_decides():
    first, again, other = (breast_cancer(seed).test.inputs.numpy() for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_part_is_indexed_by_rows():
    split, _ = parts(0)
    some = split.train[np.array([5, 2])]
    np.testing.assert_array_equal(some.inputs.numpy(), split.train.inputs.numpy()[[5, 2]])
    np.testing.assert_array_equal(some.targets.numpy(), split.train.targets.numpy()[[5, 2]])
