/* What the files of the _fast extension share: the few things that are written against
 * Python's own C API (its stable part, 3.11), for speed. */
#ifndef URINGLAB_FAST_H
#define URINGLAB_FAST_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>
#include <stdint.h>

#include "api.h"

PyObject *room_type(void);
PyObject *turn_type(void);
/* The batch of a Room; the caller has checked that it is one. */
struct ul_batch *room_batch(PyObject *room);

#endif
