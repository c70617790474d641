"""Checks of this project's networks and sampling against tensors recorded from Moore-AnimateAnyone."""
