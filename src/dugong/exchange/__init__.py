"""One conversation with a server: joins what HTTP says with what the network can do."""
