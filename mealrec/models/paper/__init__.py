"""The form in which MealRec stands in the paper: states as free vectors, one U-Net, one denoiser
of the preference."""
