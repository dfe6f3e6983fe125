"""Open the demo: `python app.py` serves MealRec's page on the bundle that MEALREC_BUNDLE names."""

from app.serving import demo, main

__all__ = ["demo"]

if __name__ == "__main__":
    main()
