/* The tracepoints of emit.c; bench/support/emit-loop.ts declares the same. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER emit

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./emit-tp.h"

#if !defined(EMIT_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define EMIT_TP_H

#include <stdint.h>
#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(emit, empty, LTTNG_UST_TP_ARGS(), LTTNG_UST_TP_FIELDS())

LTTNG_UST_TRACEPOINT_EVENT(emit, one,
    LTTNG_UST_TP_ARGS(int32_t, a),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int32_t, a, a))
)

LTTNG_UST_TRACEPOINT_EVENT(emit, four,
    LTTNG_UST_TP_ARGS(int32_t, a, int32_t, b, int32_t, c, int32_t, d, const char *, text),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, a, a)
        lttng_ust_field_integer(int32_t, b, b)
        lttng_ust_field_integer(int32_t, c, c)
        lttng_ust_field_integer(int32_t, d, d)
        lttng_ust_field_string(text, text)
    )
)

/* Left out of the session. */
LTTNG_UST_TRACEPOINT_EVENT(emit, idle,
    LTTNG_UST_TP_ARGS(int32_t, a),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int32_t, a, a))
)

#endif

#include <lttng/tracepoint-event.h>
