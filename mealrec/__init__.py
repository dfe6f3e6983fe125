"""MealRec: multi-granularity sequential recommendation of micro-videos by hierarchical
diffusion."""
