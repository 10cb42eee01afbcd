"""Transfer by instances: which source images count, and how much, for a target."""
