"""MealRec on published data: kinds found on a graph of items, walked beside a backbone that is
trained already."""
