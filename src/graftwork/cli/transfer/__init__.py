"""Verbs of transfer beyond retraining: between domains, by instances, by hyperparameters, by relations."""
