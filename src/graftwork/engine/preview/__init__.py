"""Previews: what a node gives on a few samples, computed no further than needed."""
