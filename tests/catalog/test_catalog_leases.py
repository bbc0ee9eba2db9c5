"""Leases on both back ends: one owner at a time, taken over when they run out, never by a slow former owner."""

import threading

from jwstpipe.catalog.leases import holders, release, renew, reserve


def test_one_owner_at_a_time(catalog):
    first = reserve(catalog, ["a", "b"], owner="one", seconds=60)
    second = reserve(catalog, ["a", "c"], owner="two", seconds=60)
    assert (set(first), set(second)) == ({"a", "b"}, {"c"})
    assert [(lease.key, lease.owner) for lease in holders(catalog)] == [("a", "one"), ("b", "one"), ("c", "two")]
    release(catalog, first.values())
    assert set(reserve(catalog, ["a", "b"], owner="two", seconds=60)) == {"a", "b"}


def test_the_owner_may_ask_again(catalog):
    assert reserve(catalog, ["a"], owner="one", seconds=60)["a"].token == 1
    assert reserve(catalog, ["a"], owner="one", seconds=60)["a"].token == 2


def test_a_lease_that_ran_out_is_taken_over_and_its_former_owner_learns_it(catalog):
    slow = reserve(catalog, ["a"], owner="slow", seconds=-1)
    assert holders(catalog) == []
    quick = reserve(catalog, ["a"], owner="quick", seconds=60)
    assert quick["a"].token > slow["a"].token
    assert renew(catalog, slow.values(), seconds=60) == {}
    release(catalog, slow.values())
    assert [lease.owner for lease in holders(catalog)] == ["quick"]


def test_a_lease_is_held_as_long_as_it_is_renewed(catalog):
    short = reserve(catalog, ["a"], owner="one", seconds=0.05)
    longer = renew(catalog, short.values(), seconds=60)
    assert longer["a"].expires > short["a"].expires
    assert reserve(catalog, ["a"], owner="two", seconds=60) == {}


def test_of_many_at_once_exactly_one_gets_each(catalog):
    keys = [f"key-{number}" for number in range(40)]
    found = {}

    def ask(owner):
        found[owner] = set(reserve(catalog, keys, owner=owner, seconds=60))

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("one", "two", "three", "four")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for keys_ in found.values() for key in keys_) == sorted(keys)
