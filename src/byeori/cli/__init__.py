"""The command line, one file a command: parse, call the api, show. Loads nothing heavy until a command needs it."""
