"""What can be registered with a ring: io_uring_register(2), one noun a file.

`IoUring` has it all as attributes and methods (see `registering.py`); what needs no ring is a
function: `query.query()`, `message.send_msg_ring()`. `served.py` says which call serves which
opcode. Nothing here is loaded before it is used.

Three rules hold everywhere. Memory that is registered belongs to the ring until the kernel was
told to forget it and no request is under way. An fd is looked up while the call lasts; the
kernel then has the file, and you may close the fd. What the kernel refuses is an `OSError` that
says what the errno means in that call; what it does not know is `NotSupported`.
"""
