"""Parts are cut as they should be, nothing is learnt from the held-out ones, and minibatches hold everything once."""

import byhand.tensor as torch
import numpy as np
import pytest
from byhand import nn
from byhand.examples import breast_cancer, diabetes, digits
from byhand.examples.data import Part, Split, cut, outputs, standardised, thinly
from byhand.examples.datasets import breast_cancer as patients
from byhand.examples.options import Options


@pytest.mark.parametrize(("n", "size"), [(10, 3), (569, 114), (7, 7), (5, 0)])
def test_a_cut_leaves_nothing_out(n, size):
    first, second = cut(n, size, seed=1)
    assert (len(first), len(second)) == (n - size, size)
    assert sorted([*first, *second]) == list(range(n))
    assert (np.diff(first) > 0).all()


def test_a_cut_keeps_the_share_of_every_class():
    classes = np.random.default_rng(0).integers(0, 7, 1000)
    for seed in range(5):
        _, away = cut(1000, 130, seed, classes)
        shares = np.bincount(classes[away], minlength=7) - np.bincount(classes) * 0.13
        assert np.abs(shares).max() < 1


def test_the_seed_decides_a_cut():
    cuts = [cut(100, 30, seed)[1].tolist() for seed in (3, 3, 4)]
    assert cuts[0] == cuts[1] != cuts[2]
    assert len({tuple(cut(100, 30, seed, np.zeros(100))[1]) for seed in range(9)}) == 9


@pytest.mark.parametrize(("n", "size"), [(10, 4), (10, 10), (3, 8), (60_000, 7)])
def test_thinly_is_even(n, size):
    found = thinly(n, size)
    assert len(set(found.tolist())) == min(n, size)
    assert found.min() >= 0
    assert found.max() < n
    assert len(found) < 2 or np.ptp(np.diff(found)) <= 1


@pytest.mark.parametrize(
    ("example", "sizes"), [(breast_cancer, [341, 114, 114]), (digits, [1150, 287, 360]), (diabetes, [266, 88, 88])]
)
def test_the_parts_of_the_bundled_sets(example, sizes):
    def parts(seed):
        split = example.data(Options(seed=seed))
        return [split.train, split.validation, split.test()]

    three = parts(2)
    assert [len(part) for part in three] == sizes
    rows = np.concatenate([part.inputs.reshape(len(part), -1) for part in three])
    together = np.column_stack([rows, np.concatenate([part.targets for part in three])])
    whole = sum(sizes)
    source = np.unique(np.round(together, 6), axis=0)
    assert len(source) == whole  # nobody is in two parts
    assert not np.array_equal(parts(3)[2].inputs, three[2].inputs)
    np.testing.assert_array_equal(parts(2)[2].inputs, three[2].inputs)


def test_standardised_by_the_training_part_alone():
    split = breast_cancer.data(Options(seed=1))
    train, test = split.train[:].inputs.numpy().astype(np.float64), split.test()[:].inputs.numpy()
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(0), 1, atol=1e-6)
    assert np.abs(test.mean(0)).max() > 0.01
    assert train.shape[1] == len(patients.load().features)
    assert standardised(np.ones((3, 2)))(np.ones((1, 2))).tolist() == [[0, 0]]  # a column that never changes


def test_minibatches_hold_every_example_once_and_none_is_small():
    torch.manual_seed(0)
    part = Part(np.zeros((341, 1)), np.zeros(341))
    plan = part.plan(32)
    assert len(plan) == part.steps(32) == 10
    assert sorted(np.concatenate(plan).tolist()) == [*range(341)]
    assert {len(chosen) for chosen in plan} == {34, 35}
    assert not np.array_equal(np.concatenate(plan), np.concatenate(part.plan(32)))
    assert [len(chosen) for chosen in Part(np.zeros(5), np.zeros(5)).plan(8)] == [5]


def test_a_part_is_prepared_when_it_is_needed():
    part = Part(np.arange(12, dtype=np.uint8).reshape(4, 3), np.arange(4), lambda x: x.astype(np.float32) / 2)
    inputs, targets = part[np.array([2, 0])]
    np.testing.assert_array_equal(inputs.numpy(), [[3, 3.5, 4], [0, 0.5, 1]])
    assert (inputs.dtype, targets.tolist()) == (torch.float32, [2, 0])
    assert part.limited(2).targets.tolist() == [1, 3]
    assert len(part.limited(9)) == 4


def test_a_limited_split_opens_its_test_part_no_sooner():
    opened = []

    def test():
        opened.append(True)
        return part

    part = Part(np.zeros((9, 1)), np.zeros(9))
    split = Split(part, part, test).limited(3)
    assert (len(split.train), len(split.validation), opened) == (3, 3, [])
    assert (len(split.test()), opened) == (3, [True])


def test_outputs_are_those_of_the_whole_part_without_dropout():
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5))
    part = Part(np.random.default_rng(0).standard_normal((7, 3)).astype(np.float32), np.zeros(7))
    model.train()
    found = outputs(model, part, size=3)
    expected = part.inputs @ model[0].weight.detach().numpy().T + model[0].bias.detach().numpy()
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert model.training
    assert not found.requires_grad
