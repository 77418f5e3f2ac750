"""Samples in, containers out."""
