"""How far apart two domains are, and which kind of shift that seems to be."""
