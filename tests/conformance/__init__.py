"""Which requirements of RFC 9110 and RFC 9112 are met, and the tests that show it."""
