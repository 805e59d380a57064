"""The artifact store: a folder or an S3 bucket, with hashes and whole folders."""
