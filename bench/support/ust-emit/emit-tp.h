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

/* 64 classes of one shape, for a call site that emits any of them. */
LTTNG_UST_TRACEPOINT_EVENT_CLASS(emit, many,
    LTTNG_UST_TP_ARGS(int32_t, a, int32_t, b),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, a, a)
        lttng_ust_field_integer(int32_t, b, b)
    )
)
#define EMIT_MANY(n) \
    LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(emit, many, emit, many##n, LTTNG_UST_TP_ARGS(int32_t, a, int32_t, b))
EMIT_MANY(0)
EMIT_MANY(1)
EMIT_MANY(2)
EMIT_MANY(3)
EMIT_MANY(4)
EMIT_MANY(5)
EMIT_MANY(6)
EMIT_MANY(7)
EMIT_MANY(8)
EMIT_MANY(9)
EMIT_MANY(10)
EMIT_MANY(11)
EMIT_MANY(12)
EMIT_MANY(13)
EMIT_MANY(14)
EMIT_MANY(15)
EMIT_MANY(16)
EMIT_MANY(17)
EMIT_MANY(18)
EMIT_MANY(19)
EMIT_MANY(20)
EMIT_MANY(21)
EMIT_MANY(22)
EMIT_MANY(23)
EMIT_MANY(24)
EMIT_MANY(25)
EMIT_MANY(26)
EMIT_MANY(27)
EMIT_MANY(28)
EMIT_MANY(29)
EMIT_MANY(30)
EMIT_MANY(31)
EMIT_MANY(32)
EMIT_MANY(33)
EMIT_MANY(34)
EMIT_MANY(35)
EMIT_MANY(36)
EMIT_MANY(37)
EMIT_MANY(38)
EMIT_MANY(39)
EMIT_MANY(40)
EMIT_MANY(41)
EMIT_MANY(42)
EMIT_MANY(43)
EMIT_MANY(44)
EMIT_MANY(45)
EMIT_MANY(46)
EMIT_MANY(47)
EMIT_MANY(48)
EMIT_MANY(49)
EMIT_MANY(50)
EMIT_MANY(51)
EMIT_MANY(52)
EMIT_MANY(53)
EMIT_MANY(54)
EMIT_MANY(55)
EMIT_MANY(56)
EMIT_MANY(57)
EMIT_MANY(58)
EMIT_MANY(59)
EMIT_MANY(60)
EMIT_MANY(61)
EMIT_MANY(62)
EMIT_MANY(63)

/* Left out of the session. */
LTTNG_UST_TRACEPOINT_EVENT(emit, idle,
    LTTNG_UST_TP_ARGS(int32_t, a),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int32_t, a, a))
)

#endif

#include <lttng/tracepoint-event.h>
