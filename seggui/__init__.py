"""seggui: make segmentation data and the models trained on it."""

__version__ = "0.1.0"
