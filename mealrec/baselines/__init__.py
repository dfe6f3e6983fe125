"""The systems of Table 2 next to MealRec and its backbones: one file each, every one a whole
recommender."""
