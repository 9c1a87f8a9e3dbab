"""A CQE that is not a request's own is not taken for it, where what it says is believed."""

import os

import pytest

from uringlab.lab import LineError

BELIEVED = (
    "what the CQE of this says is believed|what that one says is believed|is believed: choose"
)
FORGERS = {
    "MSG_RING": "msg_ring r0 res={fd} data=77",
    "a message without a ring": "register send_msg_ring r0 res={fd} user_data=77",
    "another request": "nop inject={fd} user_data=77",
    "raw words": "sqe read fd=f addr=b0 len=1 user_data=77",
    "a poll that is changed": "poll_add rd -> p; poll_remove p new_user_data=77",
    "a poll that is changed by raw words": "sqe poll_remove len=4 off=77",
    "a tag of a file": "register files f tags=77",
    "a tag of another file": "register files sparse=2; register files_update 0 f tags=77",
    "a tag of a buffer": "register buffers b0 tags=77",
    "a tag of another buffer": "register buffers sparse=2; register buffers_update 0 b0 tags=77",
    "a storm": "ring new r1; ring use r0; storm nop count=9 user_data=70",
}
HONEST = {
    "accept": "accept l user_data=77 -> o",
    "socket": "socket inet stream user_data=77 -> o",
    "openat": "openat x user_data=77 -> o",
    "close": "close f user_data=77 -> o",
    "bind": "bind s 127.0.0.1:0 user_data=77 -> o",
    "listen": "listen l user_data=77 -> o",
    "a place": "close fixed:0 user_data=77 -> o",
    "a path in a directory": "statx x dir=d user_data=77 -> o",
}


@pytest.fixture
def ready(session):
    session('file f x text="hello"; pipe rd wr; buf b0 64; listener l; do openat . -> d')
    session("do socket inet stream -> s")
    return session


@pytest.mark.parametrize("forger", FORGERS.values(), ids=FORGERS)
def test_an_fd_of_the_program_is_not_had_by_a_forged_cqe(ready, attack, canary_fd, forger):
    before = os.fstat(canary_fd)
    attack(
        "accept l user_data=77 -> a; submit",
        forger.replace("{fd}", str(canary_fd)),
        "submit; wait 1 timeout=5ms; reap",
        "do read a 64 buf=b0; do write a spoilt; do close a; submit",
    )
    attack(
        "ring close r0; ring new r0",
        forger.replace("{fd}", str(canary_fd)),
        "accept l user_data=77 -> a; submit; wait 1 timeout=5ms; reap",
        "do read a 64 buf=b0; do write a spoilt; do close a; submit",
    )
    assert os.path.samestat(os.fstat(canary_fd), before)


@pytest.mark.parametrize("forger", [one for one in FORGERS if "storm" not in one])
@pytest.mark.parametrize("honest", HONEST.values(), ids=HONEST)
def test_neither_comes_beside_the_other(ready, canary_fd, forger, honest):
    ready(honest)
    with pytest.raises(LineError, match=BELIEVED):
        ready(FORGERS[forger].replace("{fd}", str(canary_fd)))


@pytest.mark.parametrize("forger", [one for one in FORGERS if "MSG" in one or "tag" in one])
@pytest.mark.parametrize("honest", HONEST.values(), ids=HONEST)
def test_what_was_told_once_may_come_at_any_time(ready, canary_fd, forger, honest):
    ready(FORGERS[forger].replace("{fd}", str(canary_fd)) + "; submit; reap")
    with pytest.raises(LineError, match=BELIEVED):
        ready(honest)


def test_a_bind_that_failed_is_not_made_good(ready, attack):
    port = ready("show names").split("127.0.0.1:")[1].split()[0]
    said = attack(
        f"timeout 20ms flags=hardlink; bind s 127.0.0.1:{port} user_data=77; submit",
        "do msg_ring r0 res=0 data=77; do nop user_data=77; reap",
        "wait 2 timeout=100ms; reap; do listen s",
    )
    assert "LISTEN on a socket that is not bound" in said[-1]


def test_numbers_that_are_chosen_for_us_are_none_of_those(ready):
    number = ready.next_user_data()
    ready(f"msg_ring r0 res=1 data={number + 2}; nop user_data={number + 3}; openat x -> o")
    ready("openat x -> p; socket inet stream -> q; submit; reap")
    for name in ("o", "p", "q"):
        ready(f"expect {name} res>=0")
    assert ready.names["p"].request.user_data not in (number + 2, number + 3)


def test_others_may_share_a_number(ready):
    ready("nop user_data=5; nop user_data=5; msg_ring r0 data=5; read f 1 user_data=5; submit")


def test_a_number_is_free_again_once_its_request_has_ended(ready):
    ready("do openat x user_data=77 -> o; nop user_data=77; submit; reap")
    ready("do openat x user_data=77 -> p; expect p res>=0")
