"""Looks into models and runs. Everything here returns arrays and numbers, never pictures."""
