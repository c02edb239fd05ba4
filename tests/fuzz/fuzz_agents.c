#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "contrast/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hep_agents *set = NULL;
    const struct hep_agent *agent = NULL;
    struct hep_error e = { 0 }, missing = { 0 };
    int rc = hep_agents_parse(&set, (const char *)data, n, "agents.yml", &e);

    fuzz_check(rc, &e);
    if (rc == HEP_OK)
        fuzz_check(hep_agents_find(&agent, set, "gadoxetate", &missing), &missing);
    hep_agents_free(set);
    return 0;
}
