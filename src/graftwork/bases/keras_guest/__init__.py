"""Keras models as torch modules that can be traced, cut and frozen."""
