"""A graph in words and as a drawing."""

import random
from xml.etree import ElementTree

import pytest
from byhand.scalar import MLP, Value, draw
from byhand.scalar.layout import layered

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def loss():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    y = a * b + 10 - a
    y.label = "y"
    return y


def texts(svg):
    return [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def titles(svg):
    return [title.text for title in ElementTree.fromstring(svg).iter(f"{SVG}title")]


def boxes(svg):
    """The rectangles but for the background."""
    return list(ElementTree.fromstring(svg).iter(f"{SVG}rect"))[1:]


def test_explain_accounts_for_every_number(loss):
    loss.backward(0.5)
    assert loss.explain() == "\n".join(
        [
            "a = 2",
            "b = -3",
            "v1 = a * b = -6      with y = a b;  ∂y/∂a = b;  ∂y/∂b = a",
            "    ∂v1/∂a = -3",
            "    ∂v1/∂b = 2",
            "v2 = v1 + 10 = 4      with y = a + b;  ∂y/∂a = 1;  ∂y/∂b = 1",
            "    ∂v2/∂v1 = 1",
            "y = v2 - a = 2      with y = a − b;  ∂y/∂a = 1;  ∂y/∂b = −1",
            "    ∂y/∂v2 = 1",
            "    ∂y/∂a = -1",
            "",
            "y.grad = 0.5",
            "v2.grad = y.grad · ∂y/∂v2 = 0.5 · 1 = 0.5",
            "v1.grad = v2.grad · ∂v2/∂v1 = 0.5 · 1 = 0.5",
            "b.grad = v1.grad · ∂v1/∂b = 0.5 · 2 = 1",
            "a.grad = y.grad · ∂y/∂a + v1.grad · ∂v1/∂a = 0.5 · -1 + 0.5 · -3 = -2",
        ]
    )


def test_explain_before_backward_says_so(loss):
    assert loss.explain().endswith("All gradients are 0: backward() puts them in.")


def test_explain_names_what_came_from_earlier_calls(loss):
    loss.backward()
    loss.backward()
    assert "a.grad = y.grad · ∂y/∂a + v1.grad · ∂v1/∂a + earlier calls = 1 · -1 + 1 · -3 + -4 = -8" in loss.explain()


def test_explain_only_the_last_steps(loss):
    loss.backward()
    text = loss.explain(depth=1)
    assert "v2 = v1 + 10" in text and "v1 = a * b" not in text and "a.grad" in text and "b.grad" not in text


def test_explain_tells_equal_labels_apart():
    y = Value(1.0, label="w") * Value(2.0, label="w") + Value(3.0).tanh()
    assert "= w#1 * w#2 =" in y.explain() and "tanh(v2)" in y.explain()


def test_explain_does_not_multiply_what_was_not_chosen():
    y = Value(-1.0, label="x").relu().sqrt()
    y.backward()
    assert y.explain().endswith("x.grad = v1.grad · ∂v1/∂x = inf · 0 = 0")


def test_draw_shows_every_number(loss):
    loss.backward(0.5)
    svg = draw(loss)
    assert len(boxes(svg)) == 5
    shown = texts(svg)
    for text in ("a", "b", "y", "· * ·", "· + 10", "· - ·", "data 2", "data -3", "grad -2", "grad 0.5", "-1", "-3"):
        assert text in shown, text
    assert "∂v1/∂a = -3" in titles(svg)
    assert any("v1 = a * b" in title and "∂y/∂a = b" in title for title in titles(svg))
    assert len(list(ElementTree.fromstring(svg).iter(f"{SVG}path"))) == 5


def test_notebooks_get_the_same_drawing(loss):
    assert loss._repr_svg_() == draw(loss)


def test_labels_are_escaped_and_cut_to_fit():
    svg = draw(Value(1.0, label="a<b & c"))
    assert "a<b & c" in texts(svg)
    label = next(text for text in texts(draw(Value(1.0, label="x" * 40))) if text and text.startswith("x"))
    assert label.endswith("…") and len(label) < 20


def test_draw_only_the_last_steps(loss):
    svg = draw(loss, depth=1)
    assert len(boxes(svg)) == 3 and "· * ·" not in texts(svg)


def test_a_graph_too_large_is_refused_with_its_size():
    y = Value(0.0)
    for _ in range(400):
        y = y + 1
    with pytest.raises(ValueError, match=r"401 nodes .* 300 .* draw\(value, depth=3\)"):
        draw(y)
    assert any("401 nodes" in text for text in texts(y._repr_svg_()))
    assert len(boxes(draw(y, depth=299))) == 300


def test_boxes_do_not_overlap():
    svg = draw(MLP(3, [4, 4, 1], rng=random.Random(0))([Value(1.0), Value(2.0), Value(3.0)]))
    places = [[float(box.get(key)) for key in ("x", "y", "width", "height")] for box in boxes(svg)]
    for i, (x, y, w, h) in enumerate(places):
        assert x >= 0 and y >= 0
        for x2, y2, w2, h2 in places[:i]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_edges_pass_every_column_between_and_a_leaf_stands_beside_its_first_use():
    parents = [[], [], [0, 1], [2], [], [0, 3, 4]]
    layout = layered(parents, [10.0] * 6)
    assert layout.column == [0, 0, 1, 2, 2, 3]
    for child, above in enumerate(parents):
        for parent in above:
            assert len(layout.passes[parent, child]) == layout.column[child] - layout.column[parent] - 1
