/* What the leak sanitizer is to pass over in every target. */

/* libfyaml 0.7.12 loses 1 KiB on some syntax errors (corpus/yaml/leak-in-libfyaml.yml). We cannot
 * free it, and do not want it to hide a leak of our own. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so\n";
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
