"""The losses of `byhand.nn` against PyTorch's own samples, as functions and as modules."""

import modinfo
import opinfo
import pytest

FUNCTIONS = """
    binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cosine_similarity cross_entropy
    gaussian_nll_loss hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss multi_margin_loss
    multilabel_margin_loss multilabel_soft_margin_loss nll_loss pairwise_distance poisson_nll_loss smooth_l1_loss
    ctc_loss soft_margin_loss triplet_margin_loss triplet_margin_with_distance_loss
"""


@pytest.mark.parametrize(("info", "dtype"), opinfo.cases(" ".join(f"nn.functional.{name}" for name in FUNCTIONS.split())))
def test_samples_of_functions(info, dtype):
    opinfo.agrees(info, dtype)


MODULES = """
    BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss
    L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss PoissonNLLLoss
    SmoothL1Loss SoftMarginLoss
"""


@pytest.mark.parametrize("case", modinfo.cases(MODULES))
def test_samples_of_modules(case):
    modinfo.agrees(case)
