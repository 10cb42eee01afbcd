"""What is wrong with a data set, as the pretrained base sees it: labels, look-alikes, outliers."""
