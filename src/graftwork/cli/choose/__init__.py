"""Verbs that help to choose: how much to retrain, which base, with what settings."""
