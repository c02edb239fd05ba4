#include "pipeline/stop.h"

#include <signal.h>
#include <stddef.h>

/* The one piece of process-wide state: a signal has no other way to say anything. */
static volatile bool stop_requested;

static void on_signal(int number)
{
    (void)number;
    stop_requested = true;
}

void hep_stop_install(void)
{
    struct sigaction stop = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND },
                     ignore = { .sa_handler = SIG_IGN };

    (void)sigemptyset(&stop.sa_mask);
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigaction(SIGXFSZ, &ignore, NULL);
}

const volatile bool *hep_stop_flag(void)
{
    return &stop_requested;
}
