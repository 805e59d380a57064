"""Connections, requests and transactions that producers, consumers, runner and commands share."""
