"""How the bundled encoder is made: a small VideoMAE distilled from an image network, never labelled."""
