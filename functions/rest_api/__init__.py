"""REST: FastAPI behind API Gateway's HTTP API."""
