"""MealRec over kinds of moments, and its two other forms, in `paper/` and in `published/`.

docs/paper.md says where each equation stands. In a shape every letter has one meaning, in all
docstrings: B users, or rather their histories; R rows, the positions that are asked about; L clips
of a history; K frames of a clip; J kinds of moments; D model width; V visual width; H text width;
A directions that content is compared in; N items, where index 0 is padding; T diffusion steps;
M a count of rows that a function is given. A shape names anything else in words.
"""
