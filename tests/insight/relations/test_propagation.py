"""Spread labels: the linear solve, the library's answer, and confidence that means something."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.semi_supervised import LabelSpreading

from graftwork.insight.relations.propagation import check_spreading, neighbor_graph, spread_labels


def moons(seed=0):
    rows, labels = make_moons(200, noise=0.06, random_state=seed)
    hidden = np.full(200, -1)
    for k in (0, 1):
        hidden[np.flatnonzero(labels == k)[:4]] = k
    return rows - rows.mean(0), labels, hidden


def lifted(rows):
    """On a sphere, where cosines see what distances see."""
    flat = rows * 0.5
    top = np.sqrt(np.maximum(1 - np.square(flat).sum(1, keepdims=True), 0.01))
    both = np.c_[flat, top]
    return np.r_[both, -both]  # with its mirror image the mean is zero, so centering changes nothing


def test_spreading_is_the_linear_solve_of_its_paper():
    rows, _, hidden = moons()
    graph = neighbor_graph(rows)
    found = spread_labels(graph, hidden, 2)
    start = np.zeros((200, 2))
    for i in np.flatnonzero(hidden >= 0):
        start[i, hidden[i]] = 1 / 4
    solved = 0.1 * np.linalg.solve(np.eye(200) - 0.9 * graph.toarray(), start)
    reached = solved.sum(1) > 1e-9 * solved.sum(1).max()
    free = reached & (hidden < 0)
    assert (found.labels[free] == solved.argmax(1)[free]).mean() > 0.99
    assert found.confidence[free] == pytest.approx((solved.max(1) / solved.sum(1))[free], abs=1e-3)


def test_the_graph_is_symmetric_and_its_spectrum_bounded():
    graph = neighbor_graph(np.random.default_rng(0).normal(size=(60, 5))).toarray()
    assert graph == pytest.approx(graph.T)
    assert np.abs(np.linalg.eigvalsh(graph)).max() <= 1 + 1e-9
    assert not np.diag(graph).any()


def test_the_library_says_the_same_on_its_own_kind_of_graph():
    """scikit-learn spreads over a dense kernel: given that kernel as the graph, both say the same."""
    rows, _, hidden = moons()
    library = LabelSpreading(kernel="rbf", gamma=20, alpha=0.9, max_iter=500, tol=1e-9).fit(rows, hidden)
    from scipy.sparse import csr_array

    weights = np.exp(-20 * np.square(rows[:, None] - rows[None]).sum(2))
    np.fill_diagonal(weights, 0)
    scale = 1 / np.sqrt(weights.sum(1))
    graph = csr_array(weights * scale[:, None] * scale[None])
    found = spread_labels(graph, hidden, 2)
    assert (found.labels == library.transduction_).mean() > 0.97


def test_two_moons_are_told_from_four_labels_each():
    rows, labels, hidden = moons()
    graph = neighbor_graph(lifted(rows))
    both = np.r_[hidden, np.full(200, -1)]
    found = spread_labels(graph, both, 2)
    assert (found.labels[:200] == labels).mean() > 0.9


def test_what_no_label_reaches_gets_none():
    draw = np.random.default_rng(0)
    island = draw.normal(size=(30, 4)) * 0.01 + [0, 0, 0, 9]
    land = draw.normal(size=(30, 4)) * 0.01 + [0, 0, 9, 0]
    hidden = np.r_[np.zeros(3, int), np.ones(3, int), np.full(54, -1)]
    found = spread_labels(neighbor_graph(np.r_[land, island], num=5), hidden, 2)
    assert (found.labels[30:] == -1).all()
    assert not found.confidence[30:].any()


def test_the_surer_the_righter_on_hidden_labels():
    draw = np.random.default_rng(1)
    labels = np.arange(300) % 3
    rows = draw.normal(size=(300, 6)) + 1.8 * np.eye(6)[labels]
    checked = check_spreading(neighbor_graph(rows), labels.astype(np.int64), 3)
    assert len(checked.is_right) == 300
    order = np.argsort(checked.confidence)
    thirds = [checked.is_right[part].mean() for part in np.array_split(order, 3)]
    assert thirds[0] < thirds[1] < thirds[2]
    assert check_spreading(neighbor_graph(rows), np.r_[0, 1, 2, np.full(297, -1)], 3) is None
