"""The live page: what the installation does now, pushed to the browser as it happens."""
