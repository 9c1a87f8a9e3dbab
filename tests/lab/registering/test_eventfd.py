"""An eventfd at the prompt: signalled by what completes."""


def test_an_eventfd_counts_completions_until_it_is_unregistered(session, refused):
    session.run("eventfd e; register eventfd e; do nop; do read e 8 -> c; expect c res=8")
    assert refused("register eventfd e").hint == "unregister eventfd"
    session.run("unregister eventfd; do read e 8")  # what that read's own CQE has added
    session.run('do nop; read e 8 -> d; submit; expect d state="in flight"')
    assert "EINVAL: the fd is no eventfd" in refused("pipe p q; register eventfd p").message


def test_an_async_eventfd_hears_nothing_of_what_completes_inline(session):
    session.run("eventfd e; register eventfd_async e; do nop; read e 8 -> c; submit")
    session.run('expect c state="in flight"; show registered')
    assert "e (async)" in session("show registered")
