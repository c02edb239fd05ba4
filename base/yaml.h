/**
 * @file  base/yaml.h
 * @brief YAML trees over libfyaml, with the position of every node and strict limits.
 *
 * Refused with file, line and column: aliases, anchors, tags, repeated keys, several documents,
 * nesting deeper than 8, files over 1 MiB, keys that are not plain text, over 1000 blanks in a row.
 */
#ifndef HEP_BASE_YAML_H
#define HEP_BASE_YAML_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct hep_yaml_doc;
struct hep_yaml; /* a node, borrowed from its document */

/** `name` is used in messages. HEP_ECONFIG "name:line:column: ...". */
int hep_yaml_parse(struct hep_yaml_doc **out, const char *text, size_t n, const char *name,
                   struct hep_error *err) HEP_MUST_CHECK;
/** As hep_yaml_parse(); also HEP_ENOENT and HEP_EIO. */
int hep_yaml_read(struct hep_yaml_doc **out, const char *path,
                  struct hep_error *err) HEP_MUST_CHECK;
void hep_yaml_free(struct hep_yaml_doc *doc);

/** NULL for an empty document. A NULL node is allowed everywhere and reads as a scalar without
 * text. */
const struct hep_yaml *hep_yaml_root(const struct hep_yaml_doc *doc);

enum hep_yaml_type { HEP_YAML_SCALAR, HEP_YAML_SEQUENCE, HEP_YAML_MAPPING };
enum hep_yaml_type hep_yaml_type(const struct hep_yaml *node);
const char *hep_yaml_type_name(enum hep_yaml_type type);
/** Text of a scalar, terminated, borrowed from the document; NULL for the other types. */
const char *hep_yaml_text(const struct hep_yaml *node);
/** True for quoted scalars: '12' is text, not a number. */
bool hep_yaml_is_quoted(const struct hep_yaml *node);
size_t hep_yaml_size(const struct hep_yaml *node);
/** i-th entry of a sequence, or i-th value of a mapping in file order with its key. */
const struct hep_yaml *hep_yaml_at(const struct hep_yaml *node, size_t i);
const char *hep_yaml_key_at(const struct hep_yaml *mapping, size_t i);
/** Node of the i-th key, for its position. */
const struct hep_yaml *hep_yaml_key_node(const struct hep_yaml *mapping, size_t i);
const struct hep_yaml *hep_yaml_get(const struct hep_yaml *mapping, const char *key);

/** One-based. */
size_t hep_yaml_line(const struct hep_yaml *node);
size_t hep_yaml_column(const struct hep_yaml *node);

/**
 * Fail at a node: "name:line:column: message". The source line and a caret below it can be shown
 * with hep_yaml_caret(), which gives two lines in `out`.
 */
int hep_yaml_fail(const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                  struct hep_error *err, const char *fmt, ...) HEP_PRINTF(4, 5);
/** Source line and caret line for an error message that hep_yaml_fail() or the parser made from
 * this text; empty when the message holds no position of `name`. */
struct hep_str;
void hep_yaml_caret(struct hep_str *out, const char *text, size_t n, const char *name,
                    const struct hep_error *err);

/** Checked typed reading of a scalar; the message says what was met and what is wanted. */
int hep_yaml_number(double *out, const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                    struct hep_error *err) HEP_MUST_CHECK;
int hep_yaml_bool(bool *out, const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                  struct hep_error *err) HEP_MUST_CHECK;

#endif
