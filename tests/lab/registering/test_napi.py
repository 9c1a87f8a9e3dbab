"""Busy-polling, at the prompt."""


def test_busy_polling_says_what_it_was(session, needs):
    needs("NAPI")
    assert "before: not at all" in session("register napi 50us")
    assert "before: 50 microseconds" in session("unregister napi")
