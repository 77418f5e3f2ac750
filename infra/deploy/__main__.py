"""``python -m infra.deploy deploy|destroy|sam-local|localstack``; the Makefile has a target for each."""

from infra.deploy.cli import main

main()
