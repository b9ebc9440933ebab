"""Masks or probabilities in, masks out."""
