"""Where in an image the evidence for a class lies, by several methods, and whether they can be trusted."""
