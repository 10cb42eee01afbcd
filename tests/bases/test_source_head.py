"""A base's old classifier: its probabilities, and the bases that have none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from graftwork.bases import Base, open_base, open_source_head, source_probabilities
from graftwork.errors import NoSourceHead

TINY = "timm:test_efficientnet"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """A tiny base whose classifier came out of a file."""
    path = tmp_path_factory.mktemp("head") / "w.safetensors"
    drawn = open_base(f"random:{TINY}", image_size=32).module.state_dict()
    save_file({name: t.contiguous() for name, t in drawn.items()}, path)
    return open_base(f"file:{path}@{TINY}", image_size=32)


def test_probabilities_are_the_softmax_of_the_whole_model(trained: Base) -> None:
    images = torch.randn(5, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        logits = trained.module(images).numpy().astype(np.float64)
        features = trained.features(images, trained.stage_names()[-1])
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    expected = shifted / shifted.sum(1, keepdims=True)
    found = source_probabilities(trained, features).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


def test_a_softmax_of_the_classifiers_own_is_not_taken_twice(trained: Base) -> None:
    classifier = trained.classifier
    assert classifier is not None
    softened = torch.nn.Sequential(classifier, torch.nn.Softmax(dim=1))
    base = Base(trained.card, trained.module, trained.stages, softened)
    features = torch.randn(3, *trained.card.stages[-1].output_shape)
    assert open_source_head(base).gives_probabilities
    assert not open_source_head(trained).gives_probabilities
    torch.testing.assert_close(source_probabilities(base, features), source_probabilities(trained, features))


def test_a_head_without_trained_weights_is_refused() -> None:
    base = open_base(f"random:{TINY}", image_size=32)
    with pytest.raises(NoSourceHead, match="no trained weights") as error:
        open_source_head(base)
    assert "bundled:" in str(error.value.hint)


def test_a_base_without_classifier_is_refused(trained: Base) -> None:
    bare = Base(trained.card.edit(old_classifier=None), trained.module, trained.stages, None)
    with pytest.raises(NoSourceHead, match="without a classifier"):
        open_source_head(bare)
