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
    PyObject *spare;       /* the iterator of the last loop */
    PyObject *whole[3];    /* views of all of user_data, res and flags, filled or not */
    PyObject *cut[3];      /* as much of them as is filled, when they were last asked for */
    uint32_t cut_at[3];
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
    Py_CLEAR(room->spare);
    for (int i = 0; i < 3; i++) {
        Py_CLEAR(room->whole[i]);
        Py_CLEAR(room->cut[i]);
    }
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

static PyObject *room_iter(PyObject *self) {
    Room *room = (Room *)self;
    return cqes_over(&room->spare, (PyTypeObject *)room->kind, &room->batch);
}

static PyObject *room_tuples(PyObject *self, PyObject *nothing) {
    Room *room = (Room *)self;
    (void)nothing;
    return cqes_over(&room->spare, &PyTuple_Type, &room->batch);
}

static PyMethodDef room_methods[] = {
    {"tuples", room_tuples, METH_NOARGS,
     "An iterator over (user_data, res, flags): the fastest loop. Python unpacks plain tuples\n"
     "faster than a Cqe, and one that you do not keep is used again for the next."},
    {NULL, NULL, 0, NULL},
};

static int room_set_columns(PyObject *self, PyObject *columns, void *closure) {
    Room *room = (Room *)self;
    PyObject *whole[3];
    if (room->whole[0] || !columns ||
        !PyArg_ParseTuple(columns, "OOO", &whole[0], &whole[1], &whole[2])) {
        PyErr_SetString(PyExc_TypeError, "three views, once");
        return -1;
    }
    for (int i = 0; i < 3; i++) {
        room->whole[i] = Py_NewRef(whole[i]);
        room->cut[i] = Py_NewRef(whole[i]);
        room->cut_at[i] = room->batch.capacity;
    }
    return 0;
}

/* Views are made once, and cut anew only where the count has changed. */
static PyObject *room_column(PyObject *self, void *which) {
    Room *room = (Room *)self;
    int i = (int)(intptr_t)which;
    uint32_t count = room->batch.count;
    if (count != room->cut_at[i] && room->whole[i]) {
        PyObject *cut = PySequence_GetSlice(room->whole[i], 0, count);
        if (!cut)
            return NULL;
        PyObject *old = room->cut[i];
        room->cut[i] = cut;
        room->cut_at[i] = count;
        Py_DECREF(old);
    }
    return Py_NewRef(room->cut[i] ? room->cut[i] : Py_None);
}

static PyGetSetDef room_getset[] = {
    {"columns", NULL, room_set_columns, "Views of all of user_data, res, flags; set once.", NULL},
    {"user_data", room_column, NULL, "The user_data of each, as unsigned 64-bit numbers.",
     (void *)0},
    {"res", room_column, NULL, "The result of each, as signed 32-bit numbers.", (void *)1},
    {"flags", room_column, NULL, "The flags of each, as unsigned 32-bit numbers.", (void *)2},
    {"address", room_address, NULL, "Of its struct ul_batch, for the C floor.", NULL},
    {"bytes", room_bytes, NULL, "All of it, filled or not: a bytearray of a fixed size.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot room_slots[] = {
    {Py_tp_doc, "Room for CQEs, with a (read-only) buffer protocol that shows those in it."},
    {Py_tp_new, room_new},
    {Py_tp_dealloc, room_dealloc},
    {Py_tp_getset, room_getset},
    {Py_tp_methods, room_methods},
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

static PyTypeObject *type; /* made with the module, and there for good */

PyObject *room_type(void) {
    if (!type)
        type = (PyTypeObject *)PyType_FromSpec(&room_spec);
    return Py_XNewRef((PyObject *)type);
}

int room_is(PyObject *object) {
    return type && PyObject_TypeCheck(object, type);
}
