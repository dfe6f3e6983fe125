"""MealRec as it stands in the paper: free vectors, a temporal U-Net, a denoiser that attends."""
