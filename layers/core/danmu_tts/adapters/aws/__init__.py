"""What several adapters need of AWS."""
