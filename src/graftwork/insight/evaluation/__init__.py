"""How good stored predictions are: curves, calibration, slices, and two runs image by image."""
