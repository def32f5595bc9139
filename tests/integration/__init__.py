"""Tests that use sockets: scripted peers on loopback, real servers, real proxies."""
