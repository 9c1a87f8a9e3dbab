/*
 * sample(): one look at a ring, as Python values.
 *
 * The queues' bytes are copied once, out of the mapping and straight into the bytes objects that
 * Python keeps: a ring of 32,768 slots is three megabytes of them.
 */
#include "fast.h"

typedef int (*sample_function)(ul_ring *, struct ul_words *, void *, size_t, void *, size_t);

static PyObject *to_tuple(const struct ul_words *w, PyObject *sqes, PyObject *cqes, int mixed) {
    return Py_BuildValue(
        "(KIIIIIIIIIIIIIOOO(KKKKKKKK)K)", (unsigned long long)w->time_ns, w->sq_head, w->sq_tail,
        w->sq_local, w->sq_flags, w->sq_dropped, w->sq_entries, w->cq_head, w->cq_tail, w->cq_flags,
        w->cq_overflow, w->cq_entries, w->sqe_size, w->cqe_size, sqes, cqes,
        mixed ? Py_True : Py_False, (unsigned long long)w->staged.count,
        (unsigned long long)w->staged.time_ns, (unsigned long long)w->written.count,
        (unsigned long long)w->written.time_ns, (unsigned long long)w->published.count,
        (unsigned long long)w->published.time_ns, (unsigned long long)w->seen.count,
        (unsigned long long)w->seen.time_ns, (unsigned long long)w->epoch);
}

/* sample(function, ring, sqes_size, cqes_size, mixed): a tuple in the order of RingSnapshot's
 * fields and then the epoch; or what ul_ring_sample(), which lives in the other extension,
 * answered instead. Whoever calls it keeps the ring's handle alive. */
PyObject *sample(PyObject *module, PyObject *args) {
    unsigned long long function, ring;
    Py_ssize_t sqes_size, cqes_size;
    int mixed, answer;
    struct ul_words words;
    if (!PyArg_ParseTuple(args, "KKnnp", &function, &ring, &sqes_size, &cqes_size, &mixed))
        return NULL;
    /* Nobody else has seen these two yet: so far they may be written. */
    PyObject *sqes = PyBytes_FromStringAndSize(NULL, sqes_size);
    PyObject *cqes = PyBytes_FromStringAndSize(NULL, cqes_size);
    PyObject *result = NULL;
    if (sqes && cqes) {
        char *to_sqes = PyBytes_AsString(sqes), *to_cqes = PyBytes_AsString(cqes);
        Py_BEGIN_ALLOW_THREADS
        answer = ((sample_function)(uintptr_t)function)((ul_ring *)(uintptr_t)ring, &words, to_sqes,
                                                        (size_t)sqes_size, to_cqes,
                                                        (size_t)cqes_size);
        Py_END_ALLOW_THREADS
        result = answer < 0 ? PyLong_FromLong(answer) : to_tuple(&words, sqes, cqes, mixed);
    }
    Py_XDECREF(sqes);
    Py_XDECREF(cqes);
    return result;
}
