/**
 * @file  validation/facts.h
 * @brief What the runs of a dataset say of themselves, and what its truth says of the set. Within the room.
 */
#ifndef HEP_VALIDATION_FACTS_H
#define HEP_VALIDATION_FACTS_H

#include "batch/evaluate.h"
#include "terms/role.h"

/** A kind of series: in how many studies it was used, left out, or is not there. */
struct hep_series_count {
    const char *role;
    size_t used, left_out, missing;
    char reason[160]; /* of the first that was left out */
};
/** A flag over the findings that lie on a true lesion: how often it could be judged. */
struct hep_flag_count {
    const char *flag;
    size_t n, assessable, present;
    double fraction;
    char reason[200]; /* the commonest of those that could not */
};
/** A type that readers gave beside the role that the inventory found. */
struct hep_type_count {
    char type[48], role[24], found[24];
    size_t n;
};
struct hep_excluded {
    char name[80], reason[220];
};

struct hep_set_facts {
    struct hep_json *truth; /* truth.json; NULL: there is none; owned */
    struct hep_series_count series[HEP_ROLE_COUNT];
    size_t n_series;
    struct hep_flag_count flag[HEP_FLAG_COUNT];
    struct hep_type_count *type; /* owned */
    size_t n_types, n_typed, n_type_right;
    struct hep_excluded *excluded; /* owned */
    size_t n_excluded;
    double *seconds; /* of each run that says so; owned, sorted */
    size_t n_seconds;
    double seconds_median;
    double peak_bytes, bytes_out; /* largest memory; size of all results */
    char inputs_sha256[65], truth_sha256[65];
    char version[32];
    bool several_versions;
    double flag_fraction; /* of all flags of the findings on true lesions; NaN without any */
};

struct hep_set_folders {
    const char *bids, *out, *truth;
};

/** Release in any case. */
int hep_set_facts_read(struct hep_set_facts *out, const struct hep_evaluated *e,
                       const struct hep_set_folders *where, struct hep_error *err) HEP_MUST_CHECK;
void hep_set_facts_release(struct hep_set_facts *f);

/** May this be judged ("liver", "lesions", "classes", "inventory")? All where truth.json does not say. */
bool hep_set_judges(const struct hep_set_facts *f, const char *what);

#endif
