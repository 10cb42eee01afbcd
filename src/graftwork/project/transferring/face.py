"""What a project offers of transfer beyond retraining; each method leaves the work to its own module."""

from __future__ import annotations

__all__ = ["Transferring"]


class Transferring:
    """The part of a project that transfers between domains, by instances, by hyperparameters, by relations."""
