"""Looks inside a run, or a flow before it is trained: each takes an Inspection and gives a document."""
