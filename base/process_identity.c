#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#define STAT_START_FIELD 19 /* start time, counted from the state, which is 0: proc(5) */

/* State and start time from /proc; false when there is no such process or no /proc. */
static bool process_facts(long pid, char *state, unsigned long long *birth)
{
    char path[64], *text = NULL, *p;
    size_t n = 0;
    bool known = false;

    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    if (hep_file_read(&text, &n, path, 4096, NULL) != HEP_OK)
        return false;
    p = strrchr(text, ')'); /* the name before it may hold anything */
    if (p != NULL && p[1] == ' ') {
        *state = p[2];
        p += 2;
        for (int i = 0; p != NULL && i < STAT_START_FIELD; i++)
            p = strchr(p + 1, ' ');
        known = p != NULL;
        *birth = known ? strtoull(p + 1, NULL, 10) : 0;
    }
    free(text);
    return known;
}

unsigned long long hep_process_birth(long pid)
{
    unsigned long long birth = 0;
    char state = '?';

    return process_facts(pid, &state, &birth) ? birth : 0;
}

bool hep_process_alive(long pid, unsigned long long birth)
{
    unsigned long long now = 0;
    char state = '?';

    if (kill((pid_t)pid, 0) != 0 && errno == ESRCH)
        return false;
    if (!process_facts(pid, &state, &now))
        return true;
    return state != 'Z' && state != 'X' && (birth == 0 || now == birth);
}

/* FNV-1a of the host's name: names may be long, and hold what file names should not. */
void hep_host_tag(char tag[HEP_HOST_TAG])
{
    char host[256] = "";
    uint32_t hash = 2166136261U;

    (void)gethostname(host, sizeof host - 1);
    for (const char *c = host; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619U;
    (void)snprintf(tag, HEP_HOST_TAG, "%08x", (unsigned)hash);
}
