"""Walking through a history that is made by hand: nothing here needs a kernel or a clock."""

import pytest

from uringlab.observe.event import Posted, SystemCall
from uringlab.observe.recording.player import FIRST_SPEED, SPEEDS, Player

S = 1_000_000_000
OWN_PACE = next(at for at, one in enumerate(SPEEDS) if one.factor == 1)


class Past:
    """Events at given times; the failures among them."""

    def __init__(self, times, errors=(), first=0):
        self.first, self.times, self.errors = first, list(times), set(errors)

    @property
    def count(self):
        return self.first + len(self.times)

    @property
    def first_ns(self):
        return self.times[0] if self.times else 0

    @property
    def last_ns(self):
        return self.times[-1] if self.times else 0

    def moment(self, number):
        return number

    def events(self, start, stop):
        for number in range(max(start, self.first), min(stop, self.count)):
            at = self.times[number - self.first]
            yield SystemCall("r0", at, at, "io_uring_enter", (), number)

    def at_time(self, time_ns):
        return self.first + sum(1 for one in self.times if one <= time_ns)

    def next_error(self, number, *, backwards=False):
        if backwards:
            return max((one + 1 for one in self.errors if one < number - 1), default=None)
        return min((one + 1 for one in self.errors if one >= number), default=None)

    def find_request(self, text, number=0):
        return {"r7": 3}.get(text)

    def notes(self, start, stop):
        return iter(())


def own_pace(player):
    player.faster(OWN_PACE - FIRST_SPEED)
    return player


def play(player, *passed):
    """Tick after so many nanoseconds each; where it stands after each."""
    player.toggle()
    now, numbers = 0, []
    player.tick(now)
    for one in passed:
        now += one
        player.tick(now)
        numbers.append(player.number)
    return numbers


def test_steps_stay_within_what_there_is():
    player = Player(Past([10, 20, 30], first=5))
    assert player.number == 5
    assert not player.step(-1)
    assert player.step(2)
    assert player.number == 7
    assert player.step(100)
    assert player.number == 8
    assert player.at_end
    assert not player.step(1)


def test_a_step_shows_what_one_event_moved_and_a_leap_all_it_went_over():
    player = Player(Past([10] * 9))
    player.step(1)
    assert player.last_move() == (0, 1)
    player.step(4)
    assert player.last_move() == (1, 5)
    player.step(-2)  # back: the marks are those of the event that led here
    assert player.last_move() == (2, 3)


def test_so_many_events_a_second_whatever_time_lay_between_them():
    player = Player(Past([0, 1, 50 * S, 51 * S, 52 * S]))
    assert SPEEDS[FIRST_SPEED].events == 4
    assert play(player, S // 4, S // 8, S // 8, S // 2) == [1, 1, 2, 4]


def test_its_own_pace_follows_the_recorded_times():
    player = own_pace(Player(Past([0, S, S + S // 2])))
    assert play(player, 1, S // 2, S // 2, S // 2) == [1, 1, 2, 3]


def test_a_long_time_of_nothing_is_skipped_and_told():
    player = own_pace(Player(Past([0, 60 * S, 60 * S + 1])))
    assert play(player, 1, 1) == [1, 2]
    assert player.skipped_ns == pytest.approx(60 * S, rel=1e-6)
    player.tick(S)
    assert player.number == 3
    assert player.skipped_ns == 0


def test_an_event_that_seems_earlier_than_the_one_before_stops_nothing():
    player = own_pace(Player(Past([0, 100, 40, 60, 200])))
    numbers = play(player, 90, 20, 100)
    assert numbers == sorted(numbers)
    assert numbers[-1] == 5


def test_playing_ends_at_the_newest_and_begins_again_from_there_at_the_first():
    player = Player(Past([0, 1]))
    assert play(player, S, S) == [2, 2]
    assert not player.playing
    player.toggle()
    assert player.playing
    assert player.number == 0


def test_a_step_a_jump_and_an_error_stop_it():
    for act in (lambda p: p.step(1), lambda p: p.jump("2"), lambda p: p.next_error()):
        player = Player(Past([0] * 5, errors=[3]))
        player.toggle()
        act(player)
        assert not player.playing


def test_failures_are_found_both_ways():
    player = Player(Past([0] * 9, errors=[2, 5]))
    assert player.next_error()
    assert player.number == 3
    assert player.next_error()
    assert player.number == 6
    assert not player.next_error()
    assert player.number == 6
    assert player.next_error(backwards=True)
    assert player.number == 3
    assert not player.next_error(backwards=True)


@pytest.mark.parametrize(
    ("text", "number"),
    [("4", 4), ("1.5s", 2), ("1500 ms", 2), ("0ns", 1), ("r7", 3), ("error", 5), ("0,004", 4)],
)
def test_a_jump_understands_events_times_requests_and_failures(text, number):
    player = Player(Past([0, S, 2 * S, 3 * S, 4 * S, 5 * S], errors=[4]))
    assert player.jump(text) == ""
    assert player.number == number


@pytest.mark.parametrize(
    ("text", "says"), [("99", "0 to 3"), ("r8", "r17"), ("error", "no failure"), ("", "812")]
)
def test_a_jump_that_leads_nowhere_says_why_and_stays(text, says):
    player = Player(Past([0, 1, 2]))
    player.step(1)
    assert says in player.jump(text)
    assert player.number == 1


def test_nothing_at_all_can_be_walked_too():
    player = Player(Past([]))
    player.toggle()
    assert not player.tick(0)
    assert not player.playing
    assert not player.step(1)
    assert player.event() is None
    assert player.time_ns == 0


def test_the_time_is_that_since_the_first_event():
    player = Player(Past([5 * S, 7 * S]))
    player.step(2)
    assert player.time_ns == 2 * S
    assert not isinstance(player.event(), Posted)
