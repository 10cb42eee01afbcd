"""Looks at what adapting to another domain gives: methods on stored features, label-free validators, gains."""
