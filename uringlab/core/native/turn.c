/*
 * Turn: one whole turn of a ring, made ready once and called often.
 *
 * Push, publish, enter, wait, take: one call of C, and nothing on the way that
 * Python would have to look up or convert. At batch 1 that is half of the cost.
 * It keeps the ring's handle, the requests and the batch alive.
 */
#include "fast.h"

typedef int64_t (*turn_function)(ul_ring *, const struct ul_ops *, struct ul_batch *, uint32_t,
                                 uint32_t);

typedef struct {
    PyObject_HEAD
    turn_function function; /* ul_turn(), which lives in the other extension */
    ul_ring *ring;
    const struct ul_ops *ops;
    struct ul_batch *batch;
    uint32_t wait_nr, flags;
    PyObject *kept; /* whatever owns the four pointers */
    PyObject *fail; /* called with an answer below zero: raises */
} Turn;

/* Python's own "I" takes any number, and cuts it off: -1 would be a wait for ever. */
static int to_u32(PyObject *number, void *out) {
    unsigned long value = PyLong_AsUnsignedLong(number);
    if (PyErr_Occurred())
        return 0;
    if (value > UINT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "the number does not fit 32 bits");
        return 0;
    }
    *(uint32_t *)out = (uint32_t)value;
    return 1;
}

static PyObject *turn_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    unsigned long long function, ring, ops;
    uint32_t wait_nr, flags;
    PyObject *room, *kept, *fail;
    static char *names[] = {"function", "ring", "ops",  "room", "wait_nr",
                            "flags",    "kept", "fail", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KKKOO&O&OO", names, &function, &ring, &ops,
                                     &room, to_u32, &wait_nr, to_u32, &flags, &kept, &fail))
        return NULL;
    if (!room_is(room)) {
        PyErr_SetString(PyExc_TypeError, "a turn fills a batch, and nothing else");
        return NULL;
    }
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Turn *turn = (Turn *)alloc(type, 0);
    if (!turn)
        return NULL;
    turn->function = (turn_function)(uintptr_t)function;
    turn->ring = (ul_ring *)(uintptr_t)ring;
    turn->ops = (const struct ul_ops *)(uintptr_t)ops;
    turn->batch = room_batch(room);
    turn->wait_nr = wait_nr;
    turn->flags = flags;
    turn->kept = PyTuple_Pack(2, kept, room);
    turn->fail = Py_NewRef(fail);
    if (!turn->kept) {
        Py_DECREF(turn);
        return NULL;
    }
    return (PyObject *)turn;
}

static int turn_traverse(PyObject *self, visitproc visit, void *arg) {
    const Turn *turn = (Turn *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(turn->kept);
    Py_VISIT(turn->fail);
    return 0;
}

/* The pointers are not cleared while somebody might still call it: a cycle is broken elsewhere. */
static void turn_dealloc(PyObject *self) {
    Turn *turn = (Turn *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(turn->kept);
    Py_CLEAR(turn->fail);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* Takes nothing, so that a call costs next to nothing. */
static PyObject *turn_make(PyObject *self, PyObject *nothing) {
    const Turn *turn = (Turn *)self;
    (void)nothing;
    int64_t answer;
    Py_INCREF(self); /* another thread may drop it meanwhile */
    Py_BEGIN_ALLOW_THREADS
    answer = turn->function(turn->ring, turn->ops, turn->batch, turn->wait_nr, turn->flags);
    Py_END_ALLOW_THREADS
    PyObject *result = answer >= 0 ? PyLong_FromLongLong(answer)
                                   : PyObject_CallFunction(turn->fail, "L", (long long)answer);
    Py_DECREF(self);
    return result;
}

static PyMethodDef turn_methods[] = {
    {"make", turn_make, METH_NOARGS, "Make the turn. Returns how many CQEs are in the batch."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot turn_slots[] = {
    {Py_tp_doc, "One whole turn of a ring: push, publish, enter, wait, take."},
    {Py_tp_new, turn_new},
    {Py_tp_dealloc, turn_dealloc},
    {Py_tp_traverse, turn_traverse},
    {Py_tp_methods, turn_methods},
    {0, NULL},
};

static PyType_Spec turn_spec = {
    .name = "uringlab.core.native._fast.Turn",
    .basicsize = sizeof(Turn),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = turn_slots,
};

PyObject *turn_type(void) {
    return PyType_FromSpec(&turn_spec);
}
