"""Transfer beyond retraining: between domains, by instances, by hyperparameters, by relations."""
