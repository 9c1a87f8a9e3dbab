/*
 * Cqes: an iterator over the CQEs that a Room held when the loop began.
 *
 * It copies their bytes once, 16 each, so the room may be filled again inside the
 * loop; and it makes each tuple when it is asked for. A tuple that nobody else has
 * kept is used again, as zip() does: in `for user_data, res, flags in batch` that is
 * every one of them, and such a loop makes no objects but the numbers. The room
 * keeps the iterator, to use it again for the next loop. (From 3.14 on a tuple
 * remembers its hash, which this API cannot make it forget: there each is new.)
 */
#include "fast.h"

#include <stdbool.h>
#include <string.h>

typedef struct {
    PyObject_VAR_HEAD
    PyTypeObject *kind; /* of tuples with three places */
    allocfunc alloc;
    PyObject *last;     /* the tuple that was given out last */
    uint32_t at, count;
    uint8_t bytes[];    /* CQES_BYTES each */
} Cqes;

enum { CQE_BYTES = 16 };

static PyTypeObject *type; /* made with the module, and there for good */
static bool again;         /* tuples may be used again */

static void begin(Cqes *cqes, const struct ul_batch *batch) {
    uint32_t count = batch->count; /* once: another thread may be filling it */
    cqes->at = 0;
    cqes->count = count;
    if (batch->size == CQE_BYTES)
        memcpy(cqes->bytes, batch->cqes, (size_t)count * CQE_BYTES);
    else
        for (uint32_t i = 0; i < count; i++)
            memcpy(cqes->bytes + (size_t)i * CQE_BYTES, batch->cqes + (size_t)i * batch->size,
                   CQE_BYTES);
}

static Cqes *make(PyTypeObject *kind, uint32_t capacity) {
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Cqes *cqes = (Cqes *)alloc(type, capacity);
    if (cqes) {
        cqes->kind = (PyTypeObject *)Py_NewRef((PyObject *)kind);
        cqes->alloc = (allocfunc)PyType_GetSlot(kind, Py_tp_alloc);
    }
    return cqes;
}

PyObject *cqes_over(PyObject **spare, PyTypeObject *kind, const struct ul_batch *batch) {
    Cqes *cqes = (Cqes *)*spare;
    if (!cqes || Py_REFCNT((PyObject *)cqes) != 1 || cqes->kind != kind) {
        cqes = make(kind, batch->capacity);
        if (!cqes)
            return NULL;
        PyObject *old = *spare;
        *spare = (PyObject *)cqes;
        Py_XDECREF(old);
    }
    begin(cqes, batch);
    return Py_NewRef((PyObject *)cqes);
}

static void cqes_dealloc(PyObject *self) {
    Cqes *cqes = (Cqes *)self;
    PyTypeObject *own = Py_TYPE(self);
    Py_CLEAR(cqes->last);
    Py_DECREF((PyObject *)cqes->kind);
    freefunc release = (freefunc)PyType_GetSlot(own, Py_tp_free);
    release(self);
    Py_DECREF(own);
}

/* Puts a number into its place; takes the reference. */
static int put(PyObject *tuple, Py_ssize_t place, PyObject *number) {
    return number ? PyTuple_SetItem(tuple, place, number) : -1;
}

static PyObject *cqes_next(PyObject *self) {
    Cqes *cqes = (Cqes *)self;
    if (cqes->at >= cqes->count)
        return NULL;
    uint64_t user_data;
    int32_t res;
    uint32_t flags;
    /* It is taken now: making a tuple may run the collector, whose finalizers may come
     * here again. */
    const uint8_t *cqe = cqes->bytes + (size_t)cqes->at++ * CQE_BYTES;
    memcpy(&user_data, cqe, 8);
    memcpy(&res, cqe + 8, 4);
    memcpy(&flags, cqe + 12, 4);
    PyObject *tuple = cqes->last;
    cqes->last = NULL;
    if (!tuple || !again || Py_REFCNT(tuple) != 1) { /* somebody has kept it */
        Py_XDECREF(tuple);
        tuple = cqes->kind == &PyTuple_Type ? PyTuple_New(3) : cqes->alloc(cqes->kind, 3);
    }
    if (!tuple || put(tuple, 0, PyLong_FromUnsignedLongLong(user_data)) != 0 ||
        put(tuple, 1, PyLong_FromLong(res)) != 0 ||
        put(tuple, 2, PyLong_FromUnsignedLong(flags)) != 0) {
        Py_XDECREF(tuple);
        return NULL;
    }
    PyObject *before = cqes->last;
    cqes->last = Py_NewRef(tuple);
    Py_XDECREF(before);
    return tuple;
}

static PyObject *cqes_hint(PyObject *self, PyObject *nothing) {
    const Cqes *cqes = (Cqes *)self;
    (void)nothing;
    return PyLong_FromUnsignedLong(cqes->count - cqes->at);
}

static PyMethodDef cqes_methods[] = {
    {"__length_hint__", cqes_hint, METH_NOARGS, "How many are left."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot cqes_slots[] = {
    {Py_tp_doc, "The CQEs that a room held when the loop began."},
    {Py_tp_dealloc, cqes_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, cqes_next},
    {Py_tp_methods, cqes_methods},
    {0, NULL},
};

static PyType_Spec cqes_spec = {
    .name = "uringlab.core.native._fast.Cqes",
    .basicsize = sizeof(Cqes),
    .itemsize = CQE_BYTES,
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = cqes_slots,
};

int cqes_ready(void) {
    again = Py_Version < 0x030e0000;
    if (!type)
        type = (PyTypeObject *)PyType_FromSpec(&cqes_spec);
    return type ? 0 : -1;
}
