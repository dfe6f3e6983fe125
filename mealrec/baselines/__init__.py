"""The systems of Table 2 beside MealRec and its backbones: one file each, every one a whole
recommender."""
