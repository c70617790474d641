"""Devices: how a model is placed on a machine, what the machine has, and what a video will take on it."""
