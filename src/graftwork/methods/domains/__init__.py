"""Transfer between domains when labels are in the source only."""
