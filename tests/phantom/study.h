/**
 * @file  phantom/study.h
 * @brief A small coarse study for tests of whole subjects.
 */
#ifndef HEP_TESTS_PHANTOM_STUDY_H
#define HEP_TESTS_PHANTOM_STUDY_H

#include "support/support.h"

#include "base/file.h"
#include "contrast/agent.h"
#include "phantom/phantom.h"

#include <math.h>

struct small_study {
    struct hep_agents *agents;
    struct hep_sim_settings s;
    char *dir;
};

static inline void small_study_open(struct small_study *t, unsigned subject, const char *lesions,
                                    const char *degrade)
{
    struct hep_error e = { 0 };

    hep_sim_defaults(&t->s);
    assert_ok(hep_agents_read(&t->agents, HEP_CONFIGS "/agents.yml", &e), e);
    assert_ok(hep_agents_find(&t->s.agent, t->agents, "gadoxetate", &e), e);
    t->s.seed = 21;
    t->s.subject = subject;
    t->s.fast = true;
    (void)snprintf(t->s.tissues_path, sizeof t->s.tissues_path, "%s", HEP_CONFIGS "/tissues.yml");
    assert_ok(hep_sim_add_role(&t->s, HEP_ROLE_T2, (double)NAN, &e), e);
    assert_ok(hep_sim_add_role(&t->s, HEP_ROLE_DWI, (double)NAN, &e), e);
    assert_ok(hep_sim_add_role(&t->s, HEP_ROLE_PRECONTRAST, (double)NAN, &e), e);
    assert_ok(hep_sim_add_role(&t->s, HEP_ROLE_HEPATOBILIARY, 1200.0, &e), e);
    assert_ok(hep_sim_parse_lesions(&t->s, lesions, &e), e);
    assert_ok(hep_sim_parse_degradations(&t->s, degrade, &e), e);
    t->dir = hep_test_mkdir();
    assert_non_null(t->dir);
}

static inline void small_study_close(struct small_study *t)
{
    hep_agents_free(t->agents);
    hep_test_rmdir(t->dir);
}

#endif
