#!/usr/bin/env bash
# test_tables SOURCE: a test file whose table begins with some tests and goes on with cases must not write the cases over
# the tests: the first place of a case, tests[K + i], is not below the number of tests that stand before.
cd "$1" || exit 1
git ls-files -- 'tests/*.c' | xargs awk '
    FNR == 1 { report(); file = FILENAME; listed = 0; lowest = -1; inside = 0; named = -1 }
    /struct CMUnitTest tests\[.*\+.*\] = \{/ { inside = 1 }
    inside { listed += gsub(/cmocka_unit_test[a-z_]*\(/, "&") }
    inside && /\};/ { inside = 0 }
    match($0, /^ *OTHERS = [0-9]+/) { split(substr($0, RSTART, RLENGTH), w, "= "); named = w[2] }
    !inside && match($0, /tests\[(N \+ )?[0-9]+ \+/) {
        text = substr($0, RSTART, RLENGTH); gsub(/[^0-9]/, "", text)
        if (lowest < 0 || text + 0 < lowest) lowest = text + 0
    }
    !inside && /tests\[OTHERS \+/ { lowest = named }
    function report() {
        if (file == "" || lowest < 0 || listed == 0) return
        files++
        if (lowest < listed) { printf "%s: %d tests, and cases from place %d on\n", file, listed, lowest; failed++ }
    }
    END { report(); printf "%d tables, %d failed\n", files, failed + 0; exit failed > 0 || files == 0 }'
