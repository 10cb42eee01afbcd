"""Which source images serve a target, and how much."""
