"""Cancelling and waiting for it, at the prompt."""


def test_what_is_cancelled_has_ended_when_the_call_is_back(session, needs, refused):
    needs("SYNC_CANCEL")
    session.run("pipe rd wr; read rd 5 -> r; poll rd poll_events=in -> p; timeout 1m -> t; submit")
    assert "1 CQEs came meanwhile" in session("register sync_cancel r")
    session.run("expect r res=-ECANCELED; reap")
    assert refused("register sync_cancel r").hint == "show requests"
    assert "1 were cancelled" in session("register sync_cancel fd=rd every=on")
    assert "1 were cancelled" in session("register sync_cancel anything=on")
    session.run("expect p res=-ECANCELED; expect t res=-ECANCELED")
