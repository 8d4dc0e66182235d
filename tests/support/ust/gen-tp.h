/* The tracepoints of the recording program gen.c: between them every field type of lttng-ust 2.13. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER gen

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./gen-tp.h"

#if !defined(GEN_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define GEN_TP_H

#include <stdint.h>
#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_ENUM(gen, task_state,
    LTTNG_UST_TP_ENUM_VALUES(
        lttng_ust_field_enum_value("RUNNING", 0)
        lttng_ust_field_enum_value("SLEEPING", 1)
        lttng_ust_field_enum_range("WAITING", 2, 5)
        lttng_ust_field_enum_value("DEAD", 9)
        lttng_ust_field_enum_range("GONE", 9, 10)
    )
)

LTTNG_UST_TRACEPOINT_EVENT(gen, tick,
    LTTNG_UST_TP_ARGS(uint64_t, count),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, count, count))
)

LTTNG_UST_TRACEPOINT_EVENT(gen, ints,
    LTTNG_UST_TP_ARGS(int32_t, a, uint8_t, b, int16_t, c, uint32_t, d, int64_t, e),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, a, a)
        lttng_ust_field_integer(uint8_t, b, b)
        lttng_ust_field_integer(int16_t, c, c)
        lttng_ust_field_integer_hex(uint32_t, d, d)
        lttng_ust_field_integer(int64_t, e, e)
    )
)

LTTNG_UST_TRACEPOINT_EVENT(gen, sched,
    LTTNG_UST_TP_ARGS(const char *, prev, const char *, next, int32_t, prio, int32_t, tid, int, state),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_string(prev_comm, prev)
        lttng_ust_field_string(next_comm, next)
        lttng_ust_field_integer(int32_t, prio, prio)
        lttng_ust_field_integer(int32_t, tid, tid)
        lttng_ust_field_enum(gen, task_state, uint8_t, state, state)
    )
)

LTTNG_UST_TRACEPOINT_EVENT(gen, seq,
    LTTNG_UST_TP_ARGS(const uint32_t *, vals, uint32_t, count),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_sequence(uint32_t, vals, vals, uint32_t, count))
)

LTTNG_UST_TRACEPOINT_EVENT(gen, arr,
    LTTNG_UST_TP_ARGS(const uint8_t *, mac, const char *, text),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_array_hex(uint8_t, mac, mac, 6)
        lttng_ust_field_array_text(char, text, text, 8)
    )
)

LTTNG_UST_TRACEPOINT_EVENT(gen, flt,
    LTTNG_UST_TP_ARGS(float, f, double, d),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_float(float, f, f)
        lttng_ust_field_float(double, d, d)
    )
)

LTTNG_UST_TRACEPOINT_EVENT(gen, net,
    LTTNG_UST_TP_ARGS(uint16_t, port, uint32_t, addr, const char *, host, int64_t, bytes),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer_network(uint16_t, port, port)
        lttng_ust_field_integer_network_hex(uint32_t, addr, addr)
        lttng_ust_field_string(host, host)
        lttng_ust_field_integer(int64_t, bytes, bytes)
    )
)

#endif

#include <lttng/tracepoint-event.h>
