"""How well a base will transfer, told from its features alone, before anything is trained."""
