"""Evaluation: protocols, scores of videos against true ones, and the report on them."""
