"""MealRec: sequential recommendation of micro-videos by hierarchical diffusion."""
