"""Nothing of a target's labels is left in the images that methods see."""

from __future__ import annotations

import numpy as np
import pytest

from graftwork.data import open_images
from graftwork.data.unlabelled import hide_labels, truth_of
from graftwork.errors import DataError


def pictures(labels):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (len(labels), 8, 8, 3), dtype=np.uint8)
    return open_images((images, np.array(labels)))


LABELS = ["cat", "dog", "cat", "owl", "dog", "owl", "cat", "dog"]


def test_other_labels_leave_the_very_same_target():
    poison = ["x" if name == "cat" else "y" for name in LABELS]
    one, other = (hide_labels(pictures(names), ["cat", "dog"]) for names in (LABELS, poison))
    assert one == other
    assert one.digest() == other.digest()


def test_the_order_is_that_of_the_bytes_and_not_of_the_labels():
    hidden = hide_labels(pictures(LABELS), ["cat", "dog"])
    assert [s.digest for s in hidden.samples] == sorted(s.digest for s in hidden.samples)
    assert {s.label for s in hidden.samples} == {None}


def test_truth_stands_in_the_order_of_the_hidden_images():
    images = pictures(LABELS)
    truth = truth_of(images, ["dog", "cat", "cow"])
    own = {s.key: images.classes[s.label] for s in images.samples}
    keys = [s.key for s in hide_labels(images, ["dog", "cat", "cow"]).samples]
    said = [{"dog": 0, "cat": 1, "owl": -1}[own[k]] for k in keys]
    assert truth.labels.tolist() == said
    assert truth.unseen == {"owl": 2}
    assert truth.absent == ("cow",)


def test_names_are_mapped_where_they_are_given():
    truth = truth_of(pictures(LABELS), ["Katze", "Hund"], {"cat": "Katze", "dog": "Hund"})
    assert sorted(truth.labels.tolist()) == [-1, -1, 0, 0, 0, 1, 1, 1]


def test_classes_that_share_nothing_ask_for_a_mapping():
    with pytest.raises(DataError, match="none of the source's") as raised:
        truth_of(pictures(LABELS), ["a", "b"])
    assert "--map cat=a" in raised.value.hint


@pytest.mark.parametrize("names", [{"cow": "cat"}, {"cat": "cow"}])
def test_a_mapping_of_unknown_names_is_refused(names):
    with pytest.raises(DataError, match="no class 'cow'"):
        truth_of(pictures(LABELS), ["cat", "dog"], names)
