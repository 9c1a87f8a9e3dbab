"""Every call of io_uring_register(2) has its verb, or a sentence that says why not."""

import pytest

from uringlab.core.abi import RegisterOp
from uringlab.core.register.served import DECLARED
from uringlab.lab.complete import complete
from uringlab.lab.verbs import standard_table
from uringlab.lab.verbs.registering.served import VERBS
from uringlab.lab.verbs.registering.zcrx import REFUSED

TABLE = standard_table()
VERB_NAMES = {spec.name for spec in TABLE if spec.name.split()[0] in ("register", "unregister")}


def test_every_opcode_has_a_verb_and_every_verb_an_opcode():
    assert VERBS.keys() == set(RegisterOp)
    assert set(VERBS.values()) == VERB_NAMES


def test_what_is_refused_is_what_core_has_declared_and_not_built():
    assert set(REFUSED) == DECLARED.keys()


@pytest.mark.parametrize("op", REFUSED, ids=lambda op: op.name)
def test_what_is_refused_says_why(refused, op):
    assert DECLARED[op] in refused(VERBS[op]).message


def test_the_words_of_the_language_are_understood():
    for word in ("buffers", "files", "eventfd", "ring", "buf_ring", "restrictions"):
        assert TABLE.find(f"register {word}") is not None
        if word != "restrictions":
            assert TABLE.find(f"unregister {word}") is not None


def test_every_verb_has_its_c_and_says_since_when():
    for name in VERB_NAMES - {VERBS[op] for op in REFUSED}:
        spec = TABLE.find(name)
        assert spec.c, name
        assert name.startswith("unregister") or "Since Linux" in spec.more, name


@pytest.mark.parametrize(
    ("line", "op", "result"),
    [
        ("register buffers b0", "REGISTER_BUFFERS", "0"),
        ("register buffers b0 tags=9", "REGISTER_BUFFERS2", "0"),
        ("register buffers sparse=4", "REGISTER_BUFFERS2", "0"),
        ("register buffers b0; register buffers_update 0 none", "REGISTER_BUFFERS_UPDATE", "1"),
        ("register buffers b0; unregister buffers", "UNREGISTER_BUFFERS", "0"),
        ("register files f", "REGISTER_FILES", "0"),
        ("register files f tags=9", "REGISTER_FILES2", "0"),
        ("register files f; register files_update 0 none", "REGISTER_FILES_UPDATE", "1"),
        ("register files f; register files_update 0 f tags=9", "REGISTER_FILES_UPDATE2", "1"),
        ("register files f; unregister files", "UNREGISTER_FILES", "0"),
        ("eventfd e; register eventfd_async e", "REGISTER_EVENTFD_ASYNC", "0"),
        ("register personality", "REGISTER_PERSONALITY", "1"),
        ("register ring", "REGISTER_RING_FDS", "1"),
        ("register ring; unregister ring", "UNREGISTER_RING_FDS", "1"),
        ("register probe", "REGISTER_PROBE", "0"),
        ("register query", "REGISTER_QUERY", "0"),
        ("register buf_ring 7", "REGISTER_PBUF_RING", "0"),
        ("register buf_ring 7; unregister buf_ring 7", "UNREGISTER_PBUF_RING", "0"),
    ],
)
def test_a_call_is_an_event_with_its_opcode_and_its_result(session, needs, line, op, result):
    name = op.removeprefix("REGISTER_")
    needs(name)
    session.run('file f notes.txt text="hello"; buf b0 64')
    session.run(line)
    session.run(f"expect call io_uring_register opcode={op} res={result}")


def test_a_refused_call_is_an_event_too_and_says_the_errno_in_words_and_what_to_do(
    session, refused
):
    session.run("buf b0 64; register buffers b0")
    error = refused("register buffers b0")
    assert "EBUSY: the ring has a table of buffers already" in error.message
    assert error.hint == "unregister buffers"
    session.run("expect call io_uring_register opcode=REGISTER_BUFFERS res=-EBUSY")


@pytest.mark.parametrize(
    "line",
    [
        "register buffers nosuch",
        "register buffers b0,",
        "register buffers ,b0",
        "register buffers b0 sparse=4",
        "register buffers",
        "register buffers b0 tags=1,2",
        "register buffers f",
        "register buffers bad",
        'register buffers "b0"',
        "register files nosuch",
        "register files b0",
        "register files 0",
        "register files -1",
        "register files fixed:0",
        "register files f tags=-1",
        "register files sparse=0",
        "register files_update 0 f",
        "register file_alloc_range 0 4",
        "register clone_buffers r9",
        "register eventfd f",
        "register eventfd fixed:0",
        "register restrictions",
        "register restrictions ops=999",
        "register restrictions ops=nop",
        "register restrictions flags=0x100",
        "register enable_rings",
        "register napi",
        "register napi 1us id=5",
        "register clock realtime",
        "register iowq_aff 1-0",
        "register iowq_aff x",
        "register resize 0",
        "register resize 16",
        "register sync_cancel",
        "register sync_cancel r1 anything=on",
        "register sync_cancel 77 timeout=1ms",
        "register mem_region",
        "register send_msg_ring 0",
        "register send_msg_ring nosuch",
        "register buf_ring 7 entries=3",
        "register buf_ring 7 bufs=b0 size=4",
        "register buf_ring 7 bufs=bad",
        "register buf_ring 7 entries=65536 size=1M",
        "register buf_ring 65536",
        "register pbuf_status 7",
        "unregister buf_ring 7",
        "unregister buffers",
        "unregister files",
        "unregister eventfd",
        "unregister ring",
        "unregister personality 9",
        "recycle 7",
        "buf_ring add 7",
        "wait 1 region=0",
        "ring new q wq=nosuch",
        "ring new q flags=sqpoll wq=r0",
    ],
)
def test_a_bad_line_changes_nothing(session, refused, left_over, line):
    session.run('file f notes.txt text="hello"; buf b0 64; do nop -> r1')
    before = (session("show registered"), session("show names"), left_over())
    assert refused(line).message
    assert (session("show registered"), session("show names"), left_over()) == before


@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [
        ("register ", {"buffers", "buf_ring", "ring_fds"}, {"nop"}),
        ("register buffers ", {"b0", "bad", "none", "sparse="}, {"f", "r0"}),
        ("register buffers b0,", {"b0,b1", "b0,none"}, {"b0,f", "b1"}),
        ("register files ", {"f", "none"}, {"b0", "fixed:0", "r0"}),
        ("register files_update 0 f,", {"f,none", "f,skip"}, {"f,b0"}),
        ("register eventfd ", {"f"}, {"b0", "r0"}),
        ("register clone_buffers ", {"r0"}, {"b0", "f"}),
        ("register restrictions ops=nop,re", {"nop,read", "nop,readv"}, {"nop,nop"}),
        ("register sync_cancel ", {"r1"}, {"b0", "f"}),
        ("read fixed", {"fixed:0"}, {"f"}),
        ("recycle ", {"7"}, {"b0"}),
        ("recv f 5 group=", {"7"}, {"b0"}),
        ("ring new q wq=", {"r0"}, {"b0", "f"}),
    ],
)
def test_completion_knows_what_can_be_registered_where(session, typed, offered, not_offered):
    session.run('file f notes.txt text="hello"; buf b0 64; buf b1 64; do nop -> r1')
    session.run("register files f; register buf_ring 7")
    found = {one.text for one in complete(typed, session)}
    assert offered <= found
    assert not not_offered & found


def test_what_is_registered_is_shown_by_its_name_and_told_to_programs(session):
    assert "nothing is registered with r0" in session("show registered")
    assert "registered" not in session("show ring")
    session.run('file f notes.txt text="hello"; buf b0 64; eventfd e')
    session.run("register files f; register buffers none,b0; register eventfd e")
    session.run("register buf_ring 7 entries=2 size=8 fill=off; recycle 7 1")
    session.run("register personality")
    [shown] = session.run("show registered")
    assert "1 place: 0 f" in shown.text
    assert "2 places: 1 b0 64 bytes; 1 empty" in shown.text
    assert "in the ring 1; yours 0" in shown.text
    assert shown.json["files"] == ["f"]
    assert shown.json["buffers"] == [None, {"name": "b0", "size": 64}]
    assert shown.json["groups"]["7"]["given_out"] == [0]
    assert shown.json["eventfd"] == "e"
    assert shown.json["personalities"] == [1]
    assert "group 7, eventfd, personalities" in session("show ring")


def everything(session):
    session.run('file f notes.txt text="hello"; pipe rd wr; sockets a c; buf b0 64; buf b1 64')
    session.run("eventfd e; register files f,rd,none; register buffers b0,none,b1")
    session.run("register eventfd e; register buf_ring 7 entries=4 size=16")
    session.run("register buf_ring 8 bufs=b0,b1 mmap=on; register personality; register ring")
    session.run("recv a 16 group=7 -> q; read_fixed fixed:1 64 buf=b0 -> p; submit")
    session.run("drop b0; drop b1; drop f; drop rd")


def test_close_with_everything_registered_leaves_no_fd_no_mapping_and_no_memory(session, left_over):
    everything(session)
    session.run("ring close; reset")
    assert left_over() == (0, 0, 0)


def test_reset_with_everything_registered_leaves_no_fd_no_mapping_and_no_memory(session, left_over):
    everything(session)
    session.run("reset")
    assert left_over() == (0, 0, 0)
    session.run("do nop -> n; expect n res=0; ring close")
    assert left_over() == (0, 0, 0)
