"""Engines that turn text into audio."""
