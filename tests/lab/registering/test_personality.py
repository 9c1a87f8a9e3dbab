"""Credentials by number, at the prompt."""


def test_a_personality_is_a_number_that_requests_may_name(session, refused):
    [said] = session.run("register personality")
    assert said.json["personality"] == 1
    session.run("do nop personality=1 -> a; expect a res=0; do nop personality=2 -> b")
    session.run("expect b res=-EINVAL; unregister personality 1")
    assert refused("unregister personality 1").hint == "show registered"
