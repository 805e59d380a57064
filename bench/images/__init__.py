"""The images and the composition, built and run by podman alone: no registry is asked, no engine of Docker's is needed."""
