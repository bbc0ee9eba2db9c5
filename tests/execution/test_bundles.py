"""How many jobs travel together, and what comes of them."""

import pytest

from jwstpipe.errors import DataError
from jwstpipe.execution.bundles import MOST_JOBS, Outcome, Pace, run_bundle


def odd(number):
    if number % 2 == 0:
        raise DataError(f"{number} is even")
    return -number


def test_jobs_are_done_until_one_fails():
    done = run_bundle(odd, [1, 3, 4, 5])
    assert done.receipts == [-1, -3]
    assert str(done.error) == "4 is even"
    assert run_bundle(odd, [1, 3]).error is None
    with pytest.raises(DataError, match="2 is even"):
        run_bundle(odd, [2, 3])


def paced(threads, job_s):
    pace = Pace(threads)
    pace.note(Outcome([None] * 4, None, 4 * job_s))
    return pace


@pytest.mark.parametrize(
    ("threads", "job_s", "left", "jobs"),
    [
        (2, 1e-4, 1000, MOST_JOBS),  # tiny ones travel together
        (2, 0.02, 1000, 20),
        (2, 0.3, 1000, 1),  # a tile by itself
        (100, 0.3, 100_000, 6),  # unless so many threads are to be served
        (100, 0.3, 800, 2),  # at the end all threads have something to do
        (2, 1e-4, 24, 12),  # short tasks may be few: none is waited for
        (2, 1e-4, 1, 1),
    ],
)
def test_a_task_has_as_many_jobs_as_are_worth_its_cost(threads, job_s, left, jobs):
    assert paced(threads, job_s).jobs(left) == jobs


def test_nothing_is_put_together_before_something_is_known():
    assert Pace(2).jobs(1000) == 1
    assert Pace(2).room(0) == 4


def test_what_an_earlier_call_knew_is_believed_a_little():
    pace = Pace(2, paced(2, 1e-4).job_s)
    assert pace.jobs(1000) == 4
    pace.note(Outcome([None] * 4, None, 8.0))
    assert pace.jobs(1000) == 1


def test_a_first_job_that_warms_up_does_not_decide():
    pace = Pace(2)
    for seconds in (3.0, *[0.001] * 20):
        pace.note(Outcome([None], None, seconds))
    assert pace.jobs(1000) > 5


def test_the_scheduler_is_given_more_when_half_of_it_is_done():
    pace = paced(2, 0.02)
    assert pace.room(0) == 32
    assert pace.room(17) == 0
    assert pace.room(16) == 16
