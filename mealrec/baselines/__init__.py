"""The systems of Table 2 next to MealRec and its backbones: a whole recommender in each file."""
