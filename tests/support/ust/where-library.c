/* A library that where.c loads: it calls back from a function of its own, and emits through LTTng's own events. */
void enter(void (*back)(int))
{
	back(77);
	__asm__ volatile("" ::: "memory");
}
