"""The model files that Danmu TTS can speak with: what exists, under which licence, and how to fetch it."""
