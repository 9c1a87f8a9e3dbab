/*
 * Room: a struct ul_batch that Python owns, with the buffer protocol.
 *
 * What CqeBatch is made of. A Python class can offer the buffer protocol only
 * from 3.12 on (`__buffer__`); this is the same for 3.11. And it makes tuples of
 * CQEs, a few times faster than Python can. The C floor copies completions here;
 * the kernel never writes to it. Views keep the object, and so its memory, alive;
 * filling it again changes what they show.
 */
#include "fast.h"

#include <string.h>

typedef struct {
    PyObject_HEAD
    struct ul_batch batch; /* the C floor counts here */
    PyObject *bytes;       /* a bytearray of full size … */
    Py_buffer pinned;      /* … that cannot move while this is held */
    PyObject *kind;        /* the type of tuples that iterating makes */
} Room;

struct ul_batch *room_batch(PyObject *self) {
    return &((Room *)self)->batch;
}

static PyObject *room_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    unsigned int capacity, size;
    PyObject *kind;
    static char *names[] = {"capacity", "size", "kind", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "IIO!", names, &capacity, &size, &PyType_Type,
                                     &kind))
        return NULL;
    if (!PyType_IsSubtype((PyTypeObject *)kind, &PyTuple_Type)) {
        PyErr_SetString(PyExc_TypeError, "a room makes tuples");
        return NULL;
    }
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Room *room = (Room *)alloc(type, 0);
    if (!room)
        return NULL;
    Py_ssize_t total = (Py_ssize_t)capacity * size;
    room->bytes = PyByteArray_FromStringAndSize(NULL, total);
    if (!room->bytes || PyObject_GetBuffer(room->bytes, &room->pinned, PyBUF_WRITABLE) != 0) {
        Py_DECREF(room);
        return NULL;
    }
    memset(room->pinned.buf, 0, (size_t)total);
    room->kind = Py_NewRef(kind);
    room->batch = (struct ul_batch){.cqes = room->pinned.buf, .capacity = capacity, .size = size};
    return (PyObject *)room;
}

static void room_dealloc(PyObject *self) {
    Room *room = (Room *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (room->pinned.obj)
        PyBuffer_Release(&room->pinned);
    Py_CLEAR(room->bytes);
    Py_CLEAR(room->kind);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static int room_getbuffer(PyObject *self, Py_buffer *view, int flags) {
    const struct ul_batch *batch = &((Room *)self)->batch;
    Py_ssize_t filled = (Py_ssize_t)batch->count * batch->size;
    return PyBuffer_FillInfo(view, self, batch->cqes, filled, 1, flags);
}

static PyObject *room_address(PyObject *self, void *closure) {
    return PyLong_FromVoidPtr(&((Room *)self)->batch);
}

static PyObject *room_bytes(PyObject *self, void *closure) {
    return Py_NewRef(((Room *)self)->bytes);
}

static Py_ssize_t room_length(PyObject *self) {
    return ((Room *)self)->batch.count;
}

/* One CQE as an object of a tuple type with three places. */
static PyObject *as_tuple(PyTypeObject *type, allocfunc alloc, const uint8_t *cqe) {
    uint64_t user_data;
    int32_t res;
    uint32_t flags;
    memcpy(&user_data, cqe, 8);
    memcpy(&res, cqe + 8, 4);
    memcpy(&flags, cqe + 12, 4);
    PyObject *tuple = alloc(type, 3);
    if (!tuple)
        return NULL;
    PyObject *parts[] = {PyLong_FromUnsignedLongLong(user_data), PyLong_FromLong(res),
                         PyLong_FromUnsignedLong(flags)};
    for (Py_ssize_t i = 0; i < 3; i++) {
        if (!parts[i] || PyTuple_SetItem(tuple, i, parts[i]) != 0) {
            for (Py_ssize_t j = i; j < 3; j++)
                Py_XDECREF(parts[j]);
            Py_DECREF(tuple);
            return NULL;
        }
    }
    return tuple;
}

static PyObject *room_iter(PyObject *self) {
    const Room *room = (Room *)self;
    const struct ul_batch *batch = &room->batch;
    PyTypeObject *kind = (PyTypeObject *)room->kind;
    allocfunc alloc = (allocfunc)PyType_GetSlot(kind, Py_tp_alloc);
    PyObject *list = PyList_New(batch->count);
    for (uint32_t i = 0; list && i < batch->count; i++) {
        PyObject *cqe = as_tuple(kind, alloc, batch->cqes + (size_t)i * batch->size);
        if (!cqe || PyList_SetItem(list, i, cqe) != 0)
            Py_CLEAR(list);
    }
    if (!list)
        return NULL;
    PyObject *iter = PyObject_GetIter(list);
    Py_DECREF(list);
    return iter;
}

static PyGetSetDef room_getset[] = {
    {"address", room_address, NULL, "Of its struct ul_batch, for the C floor.", NULL},
    {"bytes", room_bytes, NULL, "All of it, filled or not: a bytearray of a fixed size.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot room_slots[] = {
    {Py_tp_doc, "Room for CQEs, with a (read-only) buffer protocol that shows those in it."},
    {Py_tp_new, room_new},
    {Py_tp_dealloc, room_dealloc},
    {Py_tp_getset, room_getset},
    {Py_tp_iter, room_iter},
    {Py_mp_length, room_length},
    {Py_bf_getbuffer, room_getbuffer},
    {0, NULL},
};

static PyType_Spec room_spec = {
    .name = "uringlab.core.native._fast.Room",
    .basicsize = sizeof(Room),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = room_slots,
};

PyObject *room_type(void) {
    return PyType_FromSpec(&room_spec);
}
