"""The networks of the paper's figure 2, each in a file of its name."""
