"""L-BFGS by itself: it minimises, goes on from what was kept, and changes nothing when it is misused."""

import copy
import pickle

import byhand.tensor as bt
import numpy as np
import pytest
from byhand.optim import LBFGS


def rosenbrock(p):
    return ((1 - p[:-1]) ** 2 + 100 * (p[1:] - p[:-1] ** 2) ** 2).sum()


def step(p, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = rosenbrock(p)
        loss.backward()
        return loss

    with bt.no_grad():
        return optimizer.step(closure)


def start(size=6):
    return bt.tensor(np.linspace(-1.0, 0.5, size), requires_grad=True)


def test_minimum_of_a_curved_valley():
    p = start()
    optimizer = LBFGS([p], max_iter=100, tolerance_change=1e-15, line_search_fn="strong_wolfe")
    first = step(p, optimizer)
    assert first.requires_grad and first.item() == rosenbrock(start()).item()
    np.testing.assert_allclose(p.detach().numpy(), 1, atol=1e-6)
    assert optimizer.state[p]["func_evals"] < 100


def test_each_step_satisfies_the_wolfe_conditions():
    p = start()
    optimizer = LBFGS([p], max_iter=1, max_eval=25, line_search_fn="strong_wolfe")
    for _ in range(15):
        before, loss = p.detach().clone(), rosenbrock(p)
        (gradient,) = bt.autograd.grad(loss, p)
        step(p, optimizer)
        move = p.detach() - before
        (new_gradient,) = bt.autograd.grad(rosenbrock(p), p)
        slope, new_slope = (gradient * move).sum(), (new_gradient * move).sum()
        assert slope < 0 and abs(new_slope) <= -0.9 * slope
        assert rosenbrock(p) <= loss + 1e-4 * slope


@pytest.mark.parametrize("keep", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["deepcopy", "pickle"])
def test_state_is_not_lost_on_resume(keep):
    p = start()
    optimizer = LBFGS([p], lr=0.5, max_iter=3, history_size=2)
    for _ in range(3):
        step(p, optimizer)
    twin = bt.tensor(p.detach().numpy(), requires_grad=True)
    resumed = LBFGS([twin], lr=0.5, max_iter=3, history_size=2)
    resumed.load_state_dict(keep(optimizer.state_dict()))
    whole, whole_optimizer = keep((p, optimizer))
    for each, its in ((p, optimizer), (twin, resumed), (whole, whole_optimizer)):
        step(each, its)
        np.testing.assert_array_equal(each.detach().numpy(), p.detach().numpy())


def test_misuse_changes_nothing():
    p = start()
    optimizer = LBFGS([p], line_search_fn="armijo")
    for misuse, error in ((lambda: step(p, optimizer), RuntimeError), (lambda: optimizer.step(None), TypeError)):
        with pytest.raises(error):
            misuse()
    assert p.grad is None and not optimizer.state
    with pytest.raises(ValueError, match="give it all parameters in one"):
        optimizer.add_param_group({"params": [start()]})
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    with pytest.raises(RuntimeError, match="read-only"):
        step(bt.from_numpy(frozen).requires_grad_(), LBFGS([bt.from_numpy(frozen).requires_grad_()]))


def test_backward_through_weights_that_a_step_has_changed_is_an_error():
    p = start()
    loss = (p * p).sum()
    step(p, LBFGS([p]))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
