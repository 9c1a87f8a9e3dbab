"""The ring itself. Standard library and cffi only.

Some facts about io_uring
=========================

*There are four words.* Each queue has a head and a tail, 32 bits each, in memory that this
process and the kernel both have mapped. They only grow, and wrap at 2³²; the slot of index i is
i & (entries - 1). Nobody ever writes a word that is the other's:

    ==========  ===========  ====================================================
    word        written by   says
    ==========  ===========  ====================================================
    SQ head     kernel       SQEs before it are consumed: their slots are ours
    SQ tail     us           SQEs before it are published: their slots are not
    CQ tail     kernel       CQEs before it are whole
    CQ head     us           CQEs before it may be written over
    ==========  ===========  ====================================================

*A word that moves hands over memory*, so each store of one is a release, and each load of the
other's an acquire. Publishing: the SQE's bytes, then the tail. Consuming a CQE: the tail, then the
CQE's bytes, then (all read) the head.

*A store of the SQ tail tells nobody.* The kernel looks at the tail inside io_uring_enter(2), and at
no other time; only with SQPOLL a kernel thread watches it. When that thread is about to sleep it
sets NEED_WAKEUP, and looks once more; we store the tail, and then look at NEED_WAKEUP. Each side
stores one word and loads the other's, and a release does not keep the load behind the store:
between the two there must be a full fence (`native/enter.c`), or both look too early, and the
thread sleeps on work that is there.

*An SQE is dead when it is consumed; what it points to is not.* What the kernel needs to set a
request up (a path, an iovec array, a timespec) it has copied by then (FEAT_SUBMIT_STABLE).
Where it reads or writes data, it does so until the last CQE: for a multishot the first one
without MORE; for a zero-copy send, the one with NOTIF. So memory is *lent* until the SQ head has
passed, or *held* until the final CQE; here the C floor counts both (`native/track.c`), because a
garbage collector cannot know.

*A CQE answers a request, not an SQE.* Its only link to the request is the user_data, which is
ours to choose and the kernel's to return. Completions come in any order, except along links. An
error of a request is a number below zero in its CQE, never an error of io_uring_enter.

*A full completion queue loses nothing* (FEAT_NODROP): further CQEs wait in the kernel, in order;
the SQ flag CQ_OVERFLOW says so, the counter `overflow` does not. They come when there is room and
somebody enters with GETEVENTS.

*Cancelling is a request like any other.* Its own CQE says whether the target was found; the target
still gets one of its own, and until that comes its memory is the kernel's.

*Closing the ring ends nothing by itself.* close(2) returns at once; the kernel cancels what is in
flight later, from a worker, and may write until then. So `IoUring.close` cancels first, waits for
the last CQE, and only then lets memory go (`native/quiesce.c`). What cannot be proved to have
ended is never freed.

*Memory that is registered outlives its registration.* The kernel pins its pages; a request that has
begun goes on with what it found. So the ring holds such blocks until no request is under way.

*A fork has no ring.* The mappings are not inherited and the fds are closed in the child: two
processes that move one tail lose entries.

Sources: io_uring(7), io_uring_setup(2), io_uring_enter(2), io_uring_register(2); the kernel's
io_uring/io_uring.c, where the comment at the top says which barrier pairs with which.
"""
