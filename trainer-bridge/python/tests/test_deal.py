from __future__ import annotations

import random

import pytest

from orrery_feed.deal import Share, consumed, deal, steps_of


def rank_order(batches: int, start: int, world: int, steps: int | None = None) -> list[int]:
    """What all ranks take, step after step."""
    ranks = [[turn for turn in deal(batches, start, Share(rank, world))] for rank in range(world)]
    assert {len(turns) for turns in ranks} == {steps_of(batches, start, world)}
    return [turns[step].batch for step in range(len(ranks[0]) if steps is None else steps) for turns in ranks if not turns[step].repeated]


@pytest.mark.parametrize("world", [1, 2, 3, 8, 64])
def test_ranks_together_have_the_order_of_the_epoch_whatever_the_world(world: int) -> None:
    for batches in (1, 2, 7, 8, 9, 100):
        assert rank_order(batches, 0, world) == list(range(batches))


def test_after_each_change_of_the_world_what_is_left_is_dealt_once() -> None:
    chance = random.Random(7)
    for _ in range(300):
        batches, start, order = chance.randint(1, 200), 0, []
        while start < batches:
            world = chance.choice([1, 2, 3, 5, 8, 13])
            steps = chance.randint(0, steps_of(batches, start, world))
            order += rank_order(batches, start, world, steps)
            start = consumed(batches, start, world, steps)
        assert order == list(range(batches))


def test_workers_in_turn_have_the_steps_of_their_rank_in_order() -> None:
    chance = random.Random(8)
    for _ in range(200):
        batches, start, world, workers = chance.randint(1, 60), chance.randint(0, 10), chance.randint(1, 4), chance.randint(1, 4)
        rank, turn = chance.randrange(world), chance.randrange(workers)
        whole = [each.batch for each in deal(batches, start, Share(rank, world))]
        parts = [deal(batches, start, Share(rank, world, worker, workers), first_turn=turn) for worker in range(workers)]
        assert [next(parts[(turn + step) % workers]).batch for step in range(len(whole))] == whole


def test_ranks_step_together_where_the_batches_do_not_go_round() -> None:
    last = [list(deal(10, 0, Share(rank, 4)))[-1] for rank in range(4)]
    assert [(turn.batch, turn.repeated) for turn in last] == [(8, False), (9, False), (9, True), (9, True)]
