"""What the losses of `byhand.nn` take: PyTorch's names, order and defaults, its older arguments, and what it refuses."""

import inspect
from functools import partial

import byhand.nn as bn
import byhand.nn.functional as F
import byhand.tensor as bt
import numpy as np
import pytest
import torch
import torch.nn.functional as TF
from beside_torch import agree, compare

FUNCTIONS = """
    binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy ctc_loss gaussian_nll_loss
    hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss multi_margin_loss multilabel_margin_loss
    multilabel_soft_margin_loss nll_loss poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss
    triplet_margin_with_distance_loss
"""
MODULES = """
    BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss
    KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d
    PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss
"""


def parameters(function):
    return [(p.name, p.default, p.kind) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("name", FUNCTIONS.split())
def test_functions_take_what_pytorchs_take(name):
    assert parameters(getattr(F, name)) == parameters(getattr(TF, name))


@pytest.mark.parametrize("name", MODULES.split())
def test_modules_take_what_pytorchs_take(name):
    assert parameters(getattr(bn, name).__init__)[1:] == parameters(getattr(torch.nn, name).__init__)[1:]
    assert parameters(getattr(bn, name).forward)[1:] == parameters(getattr(torch.nn, name).forward)[1:]


def arguments(name, library):
    """Arguments with which a loss can be called."""
    rng = np.random.default_rng(0)
    x, y, z = (library.tensor(rng.uniform(0.1, 0.9, size=(4, 3))) for _ in range(3))
    side = library.tensor([1.0, -1.0, 1.0, -1.0])
    if name in ("cross_entropy", "nll_loss", "multi_margin_loss"):
        return x, library.tensor([0, 2, 1, 1])
    if name in ("margin_ranking_loss", "cosine_embedding_loss"):
        return x, y, side if name.startswith("cosine") else side.unsqueeze(1)
    if name == "multilabel_margin_loss":
        return x, library.tensor([[0, 2, -1], [1, -1, 0], [-1, 0, 0], [2, 2, 0]])
    return (x, y, z) if name.startswith("triplet") else (x, y)


OLD = [name for name in FUNCTIONS.split() if any(p[0] == "size_average" for p in parameters(getattr(TF, name)))]


@pytest.mark.parametrize("old", [(True, None), (False, None), (None, False), (True, False), (False, True), (None, True)])
@pytest.mark.parametrize("name", OLD)
def test_older_arguments(name, old):
    results = []
    for library, functional in ((bt, F), (torch, TF)):
        with pytest.warns(UserWarning, match=r"size_average and reduce args will be deprecated, please use reduction=") as caught:
            results.append(getattr(functional, name)(*arguments(name, library), size_average=old[0], reduce=old[1]))
        if library is bt:
            assert caught[0].filename == __file__
    agree(*results)


@pytest.mark.parametrize("name", ["MSELoss", "BCELoss", "CrossEntropyLoss", "TripletMarginLoss", "KLDivLoss"])
def test_older_arguments_of_modules(name):
    for nn in (bn, torch.nn):
        with pytest.warns(UserWarning, match="please use reduction='sum'"):
            assert getattr(nn, name)(size_average=False).reduction == "sum"
        with pytest.warns(UserWarning, match="please use reduction='none'"):
            assert getattr(nn, name)(reduce=False).reduction == "none"


@pytest.mark.parametrize("name", [name for name in FUNCTIONS.split() if name not in ("ctc_loss", "gaussian_nll_loss")])
def test_unknown_reduction(name):
    for library, functional in ((bt, F), (torch, TF)):
        with pytest.raises(ValueError, match=r"not a valid value for reduction|average is not valid"):
            getattr(functional, name)(*arguments(name, library), reduction="average")


def test_elementwise_mean_is_the_mean_and_warns():
    for library, functional in ((bt, F), (torch, TF)):
        with pytest.warns(UserWarning, match="'elementwise_mean' is deprecated"):
            assert functional.mse_loss(library.ones(4), library.zeros(4), reduction="elementwise_mean").item() == 1


def test_means_divide_by_the_number_of_elements():
    """Squared error and binary cross-entropy of a batch are means over all its elements, not over its rows."""
    x, t = bt.full((4, 3), 0.5), bt.zeros(4, 3)
    assert F.mse_loss(x, t).item() == 0.25 and F.mse_loss(x, t, reduction="sum").item() == 3.0
    for loss in (F.binary_cross_entropy(x, t), F.binary_cross_entropy_with_logits(t, t)):
        np.testing.assert_allclose(loss.item(), np.log(2), rtol=1e-6)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_a_column_beside_a_row_is_refused(name):
    for library, functional in ((bt, F), (torch, TF)):
        with pytest.raises(ValueError, match=r"torch.Size\(\[4\]\).*torch.Size\(\[4, 1\]\)"):
            getattr(functional, name)(library.full((4, 1), 0.5), library.zeros(4))


def test_mean_of_kl_div_warns():
    for library, functional in ((bt, F), (torch, TF)):
        with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
            functional.kl_div(library.zeros(3), library.ones(3))


def test_a_number_as_variance():
    x, t = np.random.default_rng(0).normal(size=(2, 4, 3))
    for var in (0.7, 1e-9):
        compare(lambda a, b, v=var: F.gaussian_nll_loss(a, b, v), lambda a, b, v=var: TF.gaussian_nll_loss(a, b, v), x, t)


@pytest.mark.parametrize("swap", [True, False])
def test_triplets_with_a_distance_of_ones_own(swap):
    arrays = np.random.default_rng(0).normal(size=(3, 5, 4))

    def call(functional, *tensors):
        return functional.triplet_margin_with_distance_loss(
            *tensors, distance_function=lambda a, b: (a - b).abs().sum(-1), margin=2.0, swap=swap, reduction="none"
        )

    compare(partial(call, F), partial(call, TF), *arrays, second=False)
    modules = [nn.TripletMarginWithDistanceLoss(swap=swap, margin=2.0) for nn in (bn, torch.nn)]
    assert repr(modules[0]) == repr(modules[1])
    compare(*modules, *arrays)
    compare(*[nn.TripletMarginLoss(swap=swap, p=1) for nn in (bn, torch.nn)], *arrays, second=False)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_distances_as_modules(p):
    a, b = np.random.default_rng(0).normal(size=(2, 5, 4))
    for make in (lambda nn: nn.PairwiseDistance(p, keepdim=True), lambda nn: nn.CosineSimilarity(0, eps=1e-3)):
        ours, theirs = make(bn), make(torch.nn)
        assert repr(ours) == repr(theirs)
        compare(ours, theirs, a, b)


def test_similarity_with_nothing():
    x = np.array([[0.0, 0.0], [1e-9, 2e-9], [3.0, 4.0]])
    compare(F.cosine_similarity, TF.cosine_similarity, x, x[::-1].copy(), second=False)


def test_soft_margin_loss_does_not_overflow():
    """PyTorch's is infinite here."""
    x = bt.tensor([-1e4, 1e4], requires_grad=True)
    F.soft_margin_loss(x, bt.tensor([1.0, 1.0]), reduction="sum").backward()
    np.testing.assert_array_equal(x.grad.numpy(), [-1, 0])


@pytest.mark.parametrize(
    ("form", "error", "words"),
    [
        (lambda n, F: F.margin_ranking_loss(n.zeros(3), n.zeros(3, 1), n.zeros(3)), RuntimeError, "same dimension"),
        (lambda n, F: F.hinge_embedding_loss(n.zeros(3), n.zeros(2)), RuntimeError, "must match the size"),
        (lambda n, F: F.soft_margin_loss(n.zeros(3), n.zeros(2)), RuntimeError, "must match the size"),
        (lambda n, F: F.poisson_nll_loss(n.zeros(3), n.zeros(2)), RuntimeError, "must match the size"),
        (lambda n, F: F.kl_div(n.zeros(3), n.zeros(2), reduction="sum"), RuntimeError, "must match the size"),
        (lambda n, F: F.cosine_embedding_loss(n.zeros(2, 3), n.zeros(2, 4), n.zeros(2)), RuntimeError, "must match the size"),
        (lambda n, F: F.cosine_embedding_loss(n.zeros(2, 3), n.zeros(2, 3), n.zeros(2, 3)), RuntimeError, "multi-target"),
        (lambda n, F: F.cosine_embedding_loss(n.zeros(2, 3), n.zeros(3), n.zeros(2)), RuntimeError, "target tensor expects 2D"),
        (lambda n, F: F.multilabel_margin_loss(n.zeros(2, 3), n.zeros(2, 2).long()), RuntimeError, "inconsistent target size"),
        (lambda n, F: F.multilabel_margin_loss(n.zeros(2, 3), n.zeros(2, 3)), RuntimeError, "expected scalar type Long"),
        (lambda n, F: F.multilabel_margin_loss(n.zeros(2, 3), n.zeros(2, 3).long() + 3), RuntimeError, "out of range"),
        (lambda n, F: F.multilabel_margin_loss(n.zeros(1, 1, 3), n.zeros(1, 1, 3).long()), RuntimeError, "non-empty vector or"),
        (lambda n, F: F.multi_margin_loss(n.zeros(2, 3), n.tensor([0, 3])), RuntimeError, "out of range"),
        (lambda n, F: F.multi_margin_loss(n.zeros(2, 3), n.tensor([0])), RuntimeError, "Expected target size"),
        (lambda n, F: F.multi_margin_loss(n.zeros(2, 3), n.tensor([0, 1]), weight=n.ones(2)), RuntimeError, "inconsistent"),
        (lambda n, F: F.multi_margin_loss(n.zeros(2, 3), n.tensor([0, 1]), weight=n.ones(1, 3)), ValueError, "one-dimensional"),
        (lambda n, F: F.multi_margin_loss(n.zeros(2, 3), n.tensor([0, 1]), p=3), ValueError, "only p == 1 and p == 2"),
        (lambda n, F: F.gaussian_nll_loss(n.zeros(3), n.zeros(3), -n.ones(3)), ValueError, "var has negative"),
        (lambda n, F: F.gaussian_nll_loss(n.zeros(3), n.zeros(3), -1.0), ValueError, "var has negative"),
        (lambda n, F: F.gaussian_nll_loss(n.zeros(3), n.zeros(3), n.ones(2)), ValueError, "var is of incorrect size"),
        (lambda n, F: F.triplet_margin_loss(n.zeros(3), n.zeros(3), n.zeros(2, 3)), RuntimeError, "same number of dimensions"),
        (lambda n, F: F.triplet_margin_loss(*[n.zeros(3)] * 3, margin=0), ValueError, "margin must be greater than 0"),
    ],
)  # fmt: skip
def test_errors(form, error, words):
    for library, functional in ((bt, F), (torch, TF)):
        with pytest.raises(error, match=words):
            form(library, functional)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (lambda nn, n: nn.MultiMarginLoss(p=3), ValueError),
        (lambda nn, n: nn.MultiMarginLoss(weight=n.ones(1, 3)), ValueError),
        (lambda nn, n: nn.TripletMarginLoss(margin=0), ValueError),
        (lambda nn, n: nn.TripletMarginWithDistanceLoss(margin=-1), ValueError),
        (lambda nn, n: nn.HuberLoss(delta="1"), TypeError),
    ],
)
def test_module_errors(form, error):
    for nn, library in ((bn, bt), (torch.nn, torch)):
        with pytest.raises(error):
            form(nn, library)
    with pytest.warns(FutureWarning, match="NLLLoss2d has been deprecated"):
        assert isinstance(bn.NLLLoss2d(), bn.NLLLoss)
