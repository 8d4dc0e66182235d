/* The tracepoints of app.c; bench/support/control-app.mjs declares the same. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER app

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./app-tp.h"

#if !defined(APP_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define APP_TP_H

#include <stdint.h>
#include <lttng/tracepoint.h>

/* 50 classes with app:fill and app:alarm. */
LTTNG_UST_TRACEPOINT_EVENT_CLASS(app, step,
    LTTNG_UST_TP_ARGS(int32_t, a, int32_t, b),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(int32_t, a, a)
        lttng_ust_field_integer(int32_t, b, b)
    )
)
#define APP_STEP(n) \
    LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(app, step, app, step##n, LTTNG_UST_TP_ARGS(int32_t, a, int32_t, b))
#define APP_STEPS(t) APP_STEP(t##0) APP_STEP(t##1) APP_STEP(t##2) APP_STEP(t##3) APP_STEP(t##4) \
    APP_STEP(t##5) APP_STEP(t##6) APP_STEP(t##7)
APP_STEPS(1)
APP_STEPS(2)
APP_STEPS(3)
APP_STEPS(4)
APP_STEPS(5)
APP_STEPS(6)

LTTNG_UST_TRACEPOINT_EVENT(app, fill,
    LTTNG_UST_TP_ARGS(uint32_t, n, const char *, text),
    LTTNG_UST_TP_FIELDS(
        lttng_ust_field_integer(uint32_t, n, n)
        lttng_ust_field_string(text, text)
    )
)

LTTNG_UST_TRACEPOINT_EVENT(app, alarm,
    LTTNG_UST_TP_ARGS(uint32_t, n),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint32_t, n, n))
)

#endif

#include <lttng/tracepoint-event.h>
