"""The bar: slow batches have a time left, too."""

import rich.progress

from unsettled.measure.support import progress as module


def test_batches_of_a_minute_have_a_time_left(monkeypatch):
    now, bars = [0.0], []

    class Kept(rich.progress.Progress):
        def __init__(self, *columns, **named):
            super().__init__(*columns, get_time=lambda: now[0], **named)
            bars.append(self)

    monkeypatch.setattr(module, "Progress", Kept)
    with module.progress("rows", 10, shown=False) as advance:
        for _ in range(3):
            now[0] += 60.0
            advance(1)
        (task,) = bars[0].tasks
        assert task.time_remaining == 7 * 60
