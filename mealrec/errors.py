"""Errors a user can cause and mend: each says what was expected, what came, and what to do."""


class MealRecError(ValueError):
    """Base of every error that a user can mend."""


class DataFormatError(MealRecError):
    """A data file or a row in it does not have the documented form."""


class BundleError(MealRecError):
    """A bundle is missing, damaged, of another version, or does not fit what is asked of it."""


class VideoError(MealRecError):
    """A video cannot be used: not a video, too large, too long, or undecodable."""


class RequestError(MealRecError):
    """A recommendation request is malformed: unknown item, empty history, k out of range."""


class FetchError(MealRecError):
    """A file cannot be fetched: no answer, or what comes is not the published file."""


class TrainingError(MealRecError):
    """A training cannot begin or go on: its loss is no number, or its saved state does not fit."""
