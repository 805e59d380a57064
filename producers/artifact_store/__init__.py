"""The artifact store that the services share: files and verified folders under keys, in an S3 bucket or a local folder."""
