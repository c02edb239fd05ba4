#!/usr/bin/env bash
# test_links.sh SOURCE: every link of the documents leads to a file of the repository, and to a heading where it names
# one; every file that a document names in backquotes by its room is there (NAME stands for one to come).
set -eu
cd "$1"
failures=0 links=0

fail() { echo "FAILED: $*" && failures=$((failures + 1)); }

# slugs FILE: the anchors of its headings, as GitHub and GitLab make them: small letters, no punctuation, "-" for blanks
slugs() {
    sed -n 's/^#\{1,6\} //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

while read -r document; do
    folder=$(dirname "$document")
    while read -r link; do
        links=$((links + 1))
        target=${link%%#*}
        case $link in http://* | https://* | mailto:*) continue ;; esac
        if [ -n "$target" ]; then file=$folder/$target; else file=$document; fi
        [ -e "$file" ] || { fail "$document: no file $target" && continue; }
        case $link in *#*) slugs "$file" | grep -qxF -- "${link#*#}" || fail "$document: no heading #${link#*#} in $file" ;; esac
    done < <(grep -oE '\]\([^) ]+\)' "$document" | sed 's/^](//; s/)$//')
    while read -r named; do
        links=$((links + 1))
        [[ $named = *NAME* ]] || [ -e "$named" ] || fail "$document: no file $named"
    done < <(grep -oE '`(base|terms|image|sequences|fitting|contrast|liver|lesions|phantom|evaluation|pipeline|report|batch|datasets|validation|protocols|cli|configs|scripts|tests|bench|docs)/[A-Za-z0-9_./-]*`' "$document" | tr -d '`' | sort -u)
done < <(find . -path './build*' -prune -o -path './tests/data' -prune -o -name '*.md' -print | sort)
printf '%d links, %d failed\n' "$links" "$failures"
[ "$links" -gt 0 ] && [ "$failures" = 0 ]
