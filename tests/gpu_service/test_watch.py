from gpu_service.watch import Watch
from tests.builders.gpu_flood import VirtualClock


def watch() -> tuple[Watch, VirtualClock, list[int]]:
    clock, ended = VirtualClock(), list[int]()
    watched = Watch(clock, stuck_after_s=120, end=ended.append)
    watched.loaded()
    return watched, clock, ended


def test_an_inference_that_hangs_is_unhealthy_first_and_then_the_end() -> None:
    watched, clock, ended = watch()
    with watched.inference():
        healths = []
        for clock.now_s in (60, 61, 120, 121):
            healths.append((watched.health, list(ended)))
            watched.check()
    assert healths == [("ready", []), ("slow", []), ("slow", []), ("slow", [])]
    assert ended == [70]


def test_idle_time_is_not_counted() -> None:
    watched, clock, ended = watch()
    with watched.inference():
        clock.now_s = 1
    clock.now_s = 1000
    with watched.inference():
        watched.check()
        assert watched.health == "ready"
    assert ended == []


def test_one_that_ends_is_progress_for_those_that_wait_for_the_same_gpu() -> None:
    watched, clock, _ = watch()
    with watched.inference():
        for now_s in (50, 100, 150):
            with watched.inference():
                clock.now_s = now_s
        assert watched.health == "ready"


def test_before_the_model_is_warm_it_is_loading() -> None:
    assert Watch(VirtualClock(), 120).health == "loading"
