"""L1: what is saved. Pydantic models, frozen and versioned; no torch."""
