"""What API.md promises of `HTTPConnection`, one file for each topic, in both faces."""
