from infra.local.lambda_context import LocalLambdaContext


def test_the_remaining_time_follows_the_clock_down_to_zero() -> None:
    now_s = 100.0
    context = LocalLambdaContext("id", deadline_monotonic_s=129.0, monotonic_s=lambda: now_s)
    assert context.get_remaining_time_in_millis() == 29_000
    now_s = 128.9985
    assert context.get_remaining_time_in_millis() == 1
    now_s = 130.0
    assert context.get_remaining_time_in_millis() == 0


def test_the_names_agree_with_each_other() -> None:
    context = LocalLambdaContext("id", deadline_monotonic_s=0, monotonic_s=lambda: 0, function_name="rest_api")
    assert context.aws_request_id == "id"
    assert context.invoked_function_arn == "arn:aws:lambda:local:000000000000:function:rest_api"
    assert context.log_group_name == "/aws/lambda/rest_api"
    assert context.log_stream_name
    assert context.function_version == "$LATEST"
    assert int(context.memory_limit_in_mb) > 0
