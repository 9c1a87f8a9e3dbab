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
/* Whether this is a Room, or of a class that is made of one. */
int room_is(PyObject *object);
PyObject *turn_type(void);
int cqes_ready(void);
PyObject *sample(PyObject *module, PyObject *args);
/* An iterator: each CQE of a batch as a tuple of a kind with three places. `spare` is used
 * again, if nobody else holds it; else the new one takes its place. */
PyObject *cqes_over(PyObject **spare, PyTypeObject *kind, const struct ul_batch *batch);
/* The batch of a Room; the caller has checked that it is one. */
struct ul_batch *room_batch(PyObject *room);

#endif
