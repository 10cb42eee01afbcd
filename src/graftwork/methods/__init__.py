"""L6: published training ideas, a folder per mechanism; each function cites its paper."""
"""L6: published ideas of training and transfer, a folder for each mechanism; each function cites its paper."""
