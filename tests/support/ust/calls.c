/*
 * calls: functions that call each other, to be compiled with -finstrument-functions and run with one of the
 * liblttng-ust-cyg-profile libraries preloaded. It calls `inner` 12 times, 4 of them from `outer`, and `deep` 5 deep.
 */
static volatile int sum;

__attribute__((noinline)) static void inner(int n)
{
    sum += n;
}

__attribute__((noinline)) static void outer(int n)
{
    inner(n);
    inner(n + 1);
}

__attribute__((noinline)) static void deep(int n)
{
    if (n > 1)
        deep(n - 1);
}

int main(void)
{
    for (int i = 0; i < 8; i++)
        inner(i);
    outer(1);
    outer(2);
    deep(5);
    return 0;
}
