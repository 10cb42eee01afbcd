"""Code in a flow: run, called, frozen and blamed by its node."""
