"""Terms that go on using the classes that a base was trained on."""
