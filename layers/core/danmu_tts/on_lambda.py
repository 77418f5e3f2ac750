"""How to tell that AWS Lambda runs us."""

ON_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME"
"""The environment variable that is set wherever it does, and nowhere else."""
