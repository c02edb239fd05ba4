#include "terms/exit_codes.h"

static const struct hep_exit_code codes[] = {
    { 0, "success" },
    { 1, "unspecified failure" },
    { 3, "finished, but some studies failed" },
    { 16, "the input is not a valid dataset" },
    { 17, "unknown analysis level" },
    { 18, "the filters selected nothing" },
    { 64, "bad usage of the command line" },
    { 65, "bad input data, or a wrong protocol or setting" },
    { 66, "an input is missing" },
    { 71, "out of memory" },
    { 73, "an output cannot be created" },
    { 74, "input or output error" },
    { 75, "temporary: the same command is expected to succeed later" },
    { 0, NULL },
};

static const struct {
    enum hep_status status;
    int code;
} mapping[] = {
    { HEP_OK, 0 },       { HEP_EPARTIAL, 3 }, { HEP_EDATASET, 16 }, { HEP_ELEVEL, 17 },
    { HEP_EFILTER, 18 }, { HEP_EUSAGE, 64 },  { HEP_EINVAL, 65 },   { HEP_EFORMAT, 65 },
    { HEP_EGEOM, 65 },   { HEP_EDATA, 65 },   { HEP_ECONFIG, 65 },  { HEP_ENOENT, 66 },
    { HEP_ECREAT, 73 },  { HEP_EIO, 74 },     { HEP_ETEMP, 75 },    { HEP_ENOMEM, 71 },
};

const struct hep_exit_code *hep_exit_codes(void)
{
    return codes;
}

int hep_exit_code(int status)
{
    for (size_t i = 0; i < sizeof mapping / sizeof mapping[0]; i++) {
        if ((int)mapping[i].status == status)
            return mapping[i].code;
    }
    return 1;
}
