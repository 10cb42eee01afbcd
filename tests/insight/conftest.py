"""Networks that look for a planted patch, trained once."""

from __future__ import annotations

import pytest
import torch

from graftwork.engine.network import Network

from .planted import accuracy, convnet, network_on, train, transformer


@pytest.fixture(scope="session")
def seeing_convnet() -> Network:
    """A convolutional network that tells red patches from blue ones; all of it is frozen."""
    torch.manual_seed(0)
    network = train(network_on(convnet()), 120, learning_rate=5e-3)
    assert accuracy(network) > 0.95
    return network


@pytest.fixture(scope="session")
def seeing_transformer() -> Network:
    """A transformer that does the same."""
    torch.manual_seed(0)
    network = train(network_on(transformer()), 100, learning_rate=2e-3)
    assert accuracy(network) > 0.95
    return network
