"""A CQE without a ring of one's own, at the prompt."""


def test_a_message_needs_no_ring_of_ones_own(session, needs, refused):
    needs("SEND_MSG_RING")
    session.run("ring new a; ring new z; register send_msg_ring a user_data=900 res=-5")
    session.run("ring use a")
    assert session("reap").startswith("user_data=900  res=-5")
    session.run("ring new d flags=r_disabled")
    assert refused("register send_msg_ring d").hint == "register enable_rings"
    assert "belongs to this program" in refused("register send_msg_ring 0").message
