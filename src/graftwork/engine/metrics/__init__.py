"""Scores of each kind of labels, with intervals."""
