"""XTTS on a GPU: a queue consumer (ECS) and a web server (SageMaker) over one engine.

Imports nothing of ours but ``speech_contract``; only ``gpu_service.engine`` imports torch and TTS.
"""
