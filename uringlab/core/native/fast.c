/* The extension uringlab.core.native._fast: see room.c, cqes.c, turn.c and sample.c. */
#include "fast.h"

static int add(PyObject *module, const char *name, PyObject *type) {
    if (!type)
        return -1;
    int err = PyModule_AddObjectRef(module, name, type);
    Py_DECREF(type);
    return err;
}

static int exec_module(PyObject *module) {
    return cqes_ready() || add(module, "Room", room_type()) || add(module, "Turn", turn_type())
               ? -1
               : 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, exec_module},
    {0, NULL},
};

static PyMethodDef functions[] = {
    {"sample", sample, METH_VARARGS, "One look at a ring."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_fast",
    .m_doc = "What is written against Python's own C API, for speed.",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__fast(void) {
    return PyModuleDef_Init(&module);
}
