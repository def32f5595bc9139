"""The tests of dugong: unit, integration and typing."""
