/**
 * @file  fuzz/fuzz.h
 * @brief What a fuzz target has to offer: one function that parses the bytes, frees, and returns 0.
 */
#ifndef HEP_TESTS_FUZZ_H
#define HEP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
