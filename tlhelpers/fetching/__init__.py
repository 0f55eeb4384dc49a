"""What the course does not bring: files from a mirror or the internet, whole and checked."""
