#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#include <signal.h>

/* A process as proc(5) tells it. */
struct process {
    pid_t pid, parent;
    bool in_tree;
};

static pid_t parent_of(long pid)
{
    char path[64], *text = NULL, *p;
    size_t n = 0;
    pid_t parent = 0;

    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    if (hep_file_read(&text, &n, path, 4096, NULL) != HEP_OK)
        return 0;
    p = strrchr(text, ')'); /* the name before it may hold anything; then come state and parent */
    if (p != NULL && strlen(p) > 4)
        parent = (pid_t)strtol(p + 4, NULL, 10);
    free(text);
    return parent;
}

static size_t list_processes(struct process **all)
{
    struct hep_listing list = { 0 };
    struct hep_error none = { 0 };
    size_t n = 0;

    *all = NULL;
    if (hep_listing_read(&list, "/proc", &none) != HEP_OK)
        return 0;
    for (size_t i = 0; i < list.n; i++) {
        long pid = 0;

        if (hep_parse_long(&pid, list.names[i], NULL) != HEP_OK || pid <= 1 ||
            HEP_GROW(*all, n, NULL) != HEP_OK)
            continue;
        (*all)[n++] = (struct process){ .pid = (pid_t)pid, .parent = parent_of(pid) };
    }
    hep_listing_release(&list);
    return n;
}

/* Mark the children of what is marked. */
static void spread(struct process *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n && !all[i].in_tree; k++)
            all[i].in_tree = all[k].in_tree && all[i].parent == all[k].pid;
    }
}

static size_t count(const struct process *all, size_t n)
{
    size_t marked = 0;

    for (size_t i = 0; i < n; i++)
        marked += all[i].in_tree;
    return marked;
}

void hep_process_kill_tree(pid_t root)
{
    struct process *all = NULL;
    size_t n = list_processes(&all), before = 0;

    for (size_t i = 0; i < n; i++)
        all[i].in_tree = all[i].pid == root;
    while (count(all, n) > before) {
        before = count(all, n);
        spread(all, n);
    }
    /* The root first, so that it starts nothing more. */
    (void)kill(root, SIGKILL);
    for (size_t i = 0; i < n; i++) {
        if (all[i].in_tree && all[i].pid != root)
            (void)kill(all[i].pid, SIGKILL);
    }
    free(all);
}
