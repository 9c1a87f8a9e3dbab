/*
 * Room: a block of bytes with the buffer protocol, filled up to a mark.
 *
 * What CqeBatch is made of. A Python class can offer the buffer protocol only
 * from 3.12 on (`__buffer__`); this is the same for 3.11, and all it does. The C
 * floor copies completions here; the kernel never writes to it. Views keep the
 * object, and so its memory, alive; filling it again changes what they show.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>
#include <structmember.h>

typedef struct {
    PyObject_HEAD
    unsigned char *bytes;
    Py_ssize_t size;
    Py_ssize_t filled;
} Room;

static PyObject *room_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    Py_ssize_t size;
    static char *names[] = {"size", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "n", names, &size))
        return NULL;
    if (size < 0) {
        PyErr_SetString(PyExc_ValueError, "a room cannot have a negative size");
        return NULL;
    }
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Room *room = (Room *)alloc(type, 0);
    if (!room)
        return NULL;
    room->bytes = PyMem_Calloc((size_t)size + 1, 1);
    if (!room->bytes) {
        Py_DECREF(room);
        return PyErr_NoMemory();
    }
    room->size = size;
    return (PyObject *)room;
}

static void room_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyMem_Free(((Room *)self)->bytes);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static int room_getbuffer(PyObject *self, Py_buffer *view, int flags) {
    Room *room = (Room *)self;
    return PyBuffer_FillInfo(view, self, room->bytes, room->filled, 1, flags);
}

static PyObject *room_address(PyObject *self, void *closure) {
    return PyLong_FromVoidPtr(((Room *)self)->bytes);
}

static PyObject *room_filled(PyObject *self, void *closure) {
    return PyLong_FromSsize_t(((Room *)self)->filled);
}

static int room_fill(PyObject *self, PyObject *value, void *closure) {
    Room *room = (Room *)self;
    Py_ssize_t filled = value ? PyLong_AsSsize_t(value) : -1;
    if (filled == -1 && PyErr_Occurred())
        return -1;
    if (filled < 0 || filled > room->size) {
        PyErr_SetString(PyExc_ValueError, "it does not fit the room");
        return -1;
    }
    room->filled = filled;
    return 0;
}

static PyGetSetDef room_getset[] = {
    {"address", room_address, NULL, "Where the bytes are, for the C floor.", NULL},
    {"filled", room_filled, room_fill, "How many of the bytes the buffer protocol shows.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot room_slots[] = {
    {Py_tp_doc, "A block of bytes with the (read-only) buffer protocol, filled up to a mark."},
    {Py_tp_new, room_new},
    {Py_tp_dealloc, room_dealloc},
    {Py_tp_getset, room_getset},
    {Py_bf_getbuffer, room_getbuffer},
    {0, NULL},
};

static PyType_Spec room_spec = {
    .name = "uringlab.core.native._room.Room",
    .basicsize = sizeof(Room),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = room_slots,
};

static int exec_module(PyObject *module) {
    PyObject *type = PyType_FromSpec(&room_spec);
    if (!type)
        return -1;
    int err = PyModule_AddObjectRef(module, "Room", type);
    Py_DECREF(type);
    return err;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, exec_module},
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_room", "Room for completions, with the buffer protocol.", 0, NULL,
    module_slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__room(void) {
    return PyModuleDef_Init(&module);
}
