"""The pages: read the input, call one flow, turn an error into an answer, render."""
