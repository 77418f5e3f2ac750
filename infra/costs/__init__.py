"""What Danmu TTS costs on AWS a month, from dated list prices and named assumptions: the tables of infra/COST.md."""
