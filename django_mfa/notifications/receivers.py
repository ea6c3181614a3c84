"""From signal to mail."""


def connect() -> None:
    """Listen to the signals that people are told of."""
