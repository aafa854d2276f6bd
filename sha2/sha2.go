package sha2
