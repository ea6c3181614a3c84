"""The use cases, one file each: what pages, API, admin and shell all call."""
