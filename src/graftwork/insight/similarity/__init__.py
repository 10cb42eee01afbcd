"""How near a target's images are to what a base was trained on: measures on features and statistics."""
