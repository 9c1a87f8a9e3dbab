"""The clock of waits, at the prompt."""


def test_the_clock_of_waits_is_chosen(session, needs, refused):
    needs("CLOCK")
    assert "CLOCK_BOOTTIME" in session("register clock boottime")
    assert refused("register clock realtime").hint == "register clock boottime"
    assert "clock         BOOTTIME" in session("show registered")
