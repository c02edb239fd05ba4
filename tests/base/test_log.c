#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

/* What the log wrote; rewinds the stream. The caller's. */
static char *written(FILE *stream)
{
    long n = ftell(stream);
    char *text = hep_calloc((size_t)n + 1, 1, NULL);

    assert_non_null(text);
    rewind(stream);
    assert_int_equal(fread(text, 1, (size_t)n, stream), n);
    rewind(stream);
    return text;
}

static struct hep_log *make(FILE *stream, bool json, enum hep_log_level level)
{
    struct hep_error e = { 0 };
    struct hep_log *log = NULL;

    assert_ok(hep_log_new(&log, stream, json, level, &e), e);
    return log;
}

static void all_levels(struct hep_log *log)
{
    hep_log_write(log, HEP_LOG_ERROR, "e", "not done %d", 1);
    hep_log_write(log, HEP_LOG_WARNING, "w", "look at %s", "this");
    hep_log_write(log, HEP_LOG_INFO, "i", "doing");
    hep_log_write(log, HEP_LOG_DEBUG, "d", "inside");
}

static void test_levels(void **state)
{
    static const char *const want[] = {
        "error: not done 1\n",
        "error: not done 1\nwarning: look at this\n",
        "error: not done 1\nwarning: look at this\ndoing\n",
        "error: not done 1\nwarning: look at this\ndoing\ndebug: inside\n",
    };

    (void)state;
    for (int level = HEP_LOG_ERROR; level <= HEP_LOG_DEBUG; level++) {
        FILE *stream = tmpfile();
        struct hep_log *log = make(stream, false, (enum hep_log_level)level);
        char *text;

        all_levels(log);
        assert_int_equal(hep_log_warning_count(log), 1);
        assert_string_equal(hep_log_warning(log, 0), "look at this");
        assert_null(hep_log_warning(log, 1));
        hep_log_free(log);
        text = written(stream);
        assert_string_equal(text, want[level]);
        free(text);
        (void)fclose(stream);
    }
}

/* Each line parses, and gives back the text; control characters and bad UTF-8 are replaced. */
static void test_json_of_any_text(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "plain", "plain" },
        { "quote \" and back\\slash", "quote \" and back\\slash" },
        { "two\nlines\ttab \x1b[31m", "two?lines?tab ?[31m" },
        { "bad \xff\xc3", "bad \xef\xbf\xbd\xef\xbf\xbd" },
        { "caf\xc3\xa9 </script>", "caf\xc3\xa9 </script>" },
        { "", "" },
    };
    FILE *stream = tmpfile();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hep_log *log = make(stream, true, HEP_LOG_INFO);
        struct hep_error e = { 0 };
        struct hep_json *line = NULL;
        char *text;

        hep_log_write(log, HEP_LOG_WARNING, "ev\"ent", "%s", cases[i].text);
        hep_log_free(log);
        text = written(stream);
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        assert_ok(hep_json_parse(&line, text, strlen(text), "line", &e), e);
        assert_string_equal(hep_json_string(hep_json_get(line, "level")), "warning");
        assert_string_equal(hep_json_string(hep_json_get(line, "event")), "ev\"ent");
        assert_string_equal(hep_json_string(hep_json_get(line, "message")), cases[i].want);
        assert_true(hep_json_number(hep_json_get(line, "time_s")) >= 0.0);
        hep_json_free(line);
        free(text);
    }
    (void)fclose(stream);
}

static void test_long_message_is_cut(void **state)
{
    FILE *stream = tmpfile();
    struct hep_log *log = make(stream, true, HEP_LOG_INFO);
    struct hep_error e = { 0 };
    struct hep_json *line = NULL;
    struct hep_str big = { 0 };
    char *text;

    (void)state;
    while (big.len < 5000)
        hep_str_add(&big, "\xe2\x82\xac"); /* a cut falls inside a character */
    hep_log_write(log, HEP_LOG_INFO, "x", "%s", big.s);
    text = written(stream);
    assert_ok(hep_json_parse(&line, text, strlen(text), "line", &e), e);
    assert_true(strlen(hep_json_string(hep_json_get(line, "message"))) > 1000);
    hep_json_free(line);
    hep_log_free(log);
    hep_str_release(&big);
    free(text);
    (void)fclose(stream);
}

static void test_progress_as_json(void **state)
{
    FILE *stream = tmpfile();
    struct hep_log *log = make(stream, true, HEP_LOG_INFO);
    size_t lines = 0;
    char *text;

    (void)state;
    for (int i = 0; i <= 1000; i++)
        hep_log_progress(log, "fit", i / 1000.0);
    hep_log_progress(log, "other", 0.35);
    hep_log_progress(log, "other", 0.31); /* late news of a slower thread */
    hep_log_free(log);
    text = written(stream);
    for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    assert_int_equal(lines, 12); /* 0, 10, ... 100 % and one of the other */
    assert_non_null(strstr(text, "\"fit: 100 %\""));
    assert_non_null(strstr(text, "\"other: 35 %\""));
    free(text);
    (void)fclose(stream);
}

static void test_no_bar_in_a_file(void **state)
{
    FILE *stream = tmpfile();
    struct hep_log *log = make(stream, false, HEP_LOG_DEBUG);

    (void)state;
    hep_log_progress(log, "fit", 0.5);
    hep_log_progress(NULL, "fit", 0.5);
    assert_int_equal(ftell(stream), 0);
    hep_log_free(log);
    (void)fclose(stream);
}

/* A terminal hands over what was written in pieces: read on until `end` has come, at most 5 s long
 * for each piece. */
static void read_until(int terminal, char *got, size_t size, const char *end)
{
    struct pollfd wait = { .fd = terminal, .events = POLLIN };
    size_t n = 0;

    got[0] = '\0';
    while (strstr(got, end) == NULL && n + 1 < size && poll(&wait, 1, 5000) > 0) {
        ssize_t more = read(terminal, got + n, size - 1 - n);

        if (more <= 0)
            break;
        n += (size_t)more;
        got[n] = '\0';
    }
}

/* A pseudo terminal: the bar is drawn, taken away for a message, and ends with a newline. */
static void test_bar_on_a_terminal(void **state)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    char got[2000] = { 0 };
    struct hep_log *log;
    FILE *stream;

    (void)state;
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip();
    stream = fopen(ptsname(master), "w");
    assert_non_null(stream);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    log = make(stream, false, HEP_LOG_INFO);
    hep_log_progress(log, "fit", 0.5);
    hep_log_write(log, HEP_LOG_INFO, "m", "message");
    hep_log_progress(log, "fit", 1.0);
    hep_log_free(log);
    read_until(master, got, sizeof got, "100 %\r\n");
    assert_non_null(strstr(got, "fit [###############...............]  50 %\r\033[Kmessage"));
    assert_non_null(strstr(got, "fit [##############################] 100 %\r\n"));
    (void)fclose(stream);

    stream = fopen(ptsname(master), "w");
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    log = make(stream, false, HEP_LOG_INFO);
    hep_log_progress(log, "fit", 0.5);
    hep_log_write(log, HEP_LOG_INFO, "m", "message");
    hep_log_free(log);
    read_until(master, got, sizeof got, "message\r\n");
    assert_string_equal(got, "message\r\n");
    (void)fclose(stream);
    (void)close(master);
}

static void *write_many(void *log)
{
    for (int i = 0; i < 200; i++)
        hep_log_write(log, HEP_LOG_WARNING, "t", "message of a thread, number %03d", i);
    return NULL;
}

static void test_threads(void **state)
{
    FILE *stream = tmpfile();
    struct hep_log *log = make(stream, false, HEP_LOG_INFO);
    pthread_t threads[4];
    char *text;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, log), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(hep_log_warning_count(log), 800);
    text = written(stream);
    assert_int_equal(strlen(text), 800 * strlen("warning: message of a thread, number 000\n"));
    free(text);
    hep_log_free(log);
    (void)fclose(stream);
}

/* A log never fails its caller: a lost warning or line is the worst. Lines stay valid JSON. */
static void test_without_memory(void **state)
{
    struct hep_error e = { 0 };
    struct hep_log *log = NULL;

    (void)state;
    hep_log_write(NULL, HEP_LOG_ERROR, "x", "nobody");
    hep_log_free(NULL);
    assert_int_equal(hep_log_warning_count(NULL), 0);
    assert_null(hep_log_warning(NULL, 0));
    assert_ok(hep_log_check(NULL, &e), e);
    hep_alloc_fail_at(1);
    assert_fails(hep_log_new(&log, NULL, false, HEP_LOG_INFO, &e), e, HEP_ENOMEM, "no memory");
    assert_null(log);
    for (long n = 1; n < 12; n++) {
        FILE *stream = tmpfile();
        struct hep_json *line = NULL;
        char *text;

        log = make(stream, true, HEP_LOG_INFO);
        hep_alloc_fail_at(n);
        hep_log_write(log, HEP_LOG_WARNING, "x", "text");
        hep_alloc_fail_at(0);
        /* A warning that is not kept is known to be lost. */
        assert_int_equal(hep_log_check(log, &e),
                         hep_log_warning_count(log) == 1 ? HEP_OK : HEP_ENOMEM);
        e = (struct hep_error){ 0 };
        hep_log_free(log);
        text = written(stream);
        assert_ok(hep_json_parse(&line, text, strlen(text), "line", &e), e);
        assert_string_equal(hep_json_string(hep_json_get(line, "level")), "warning");
        hep_json_free(line);
        free(text);
        (void)fclose(stream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_json_of_any_text),
        cmocka_unit_test(test_long_message_is_cut),
        cmocka_unit_test(test_progress_as_json),
        cmocka_unit_test(test_no_bar_in_a_file),
        cmocka_unit_test(test_bar_on_a_terminal),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
