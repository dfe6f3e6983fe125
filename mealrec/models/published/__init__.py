"""MealRec on published data: a walk over kinds that are counted, next to a trained backbone."""
