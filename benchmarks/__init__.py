"""Measurements of speed and memory against other tools; see docs/benchmarks.md. Nothing here is a test."""
