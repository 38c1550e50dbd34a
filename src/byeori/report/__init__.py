"""The report of a study: facts gathered from log, data and model; one self-contained page; the same as JSON."""
