"""The same work in several tools, each in a process of its own."""
