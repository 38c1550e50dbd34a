"""Small tools without a word of the domain: json, lazy imports, seeds, files."""
