"""Compares the verdicts in the JSON results of `mqttspec run`.

    verdicts.py same RUN.json RUN.json...        all runs must have come to the same verdicts
    verdicts.py examined TARGET.yaml RUN.json    the failures must be those that the file lists, see fixtures/targets
"""

import json
import re
import sys


def verdicts(report):
    """What each run of a scenario came to.

    >>> verdicts({"results": [{"scenario": "a", "version": "5.0", "variant": "", "grade": "pass"}]})
    {('a', '5.0', ''): ('pass', ())}
    """
    found = {}
    for result in report["results"]:
        key = (result["scenario"], result["version"], result.get("variant") or "")
        if key in found:
            raise ValueError(f"{name(key)} has two results")
        found[key] = (result["grade"], tuple(sorted(result.get("broken", []))))
    if not found:
        raise ValueError("there are no results")
    return found


def differences(runs):
    """Where later runs differ from the first one.

    >>> one, two = {("a", "5.0", "qos=1"): ("pass", ())}, {("a", "5.0", "qos=1"): ("fail", ("v5.0:3.3.1-5",))}
    >>> differences([one, one])
    []
    >>> differences([one, one, two])
    ['a (5.0, qos=1): pass, in run 3 fail v5.0:3.3.1-5']
    >>> differences([one, {}])
    ['a (5.0, qos=1): pass, in run 2 not played']
    """
    first, lines = runs[0], []
    for number, run in enumerate(runs[1:], start=2):
        for key in sorted(first.keys() | run.keys()):
            if first.get(key) != run.get(key):
                lines.append(f"{name(key)}: {verdict(first.get(key))}, in run {number} {verdict(run.get(key))}")
    return lines


def unexamined(examined, run):
    """Where the failures of a run are not those examined. What is skipped says nothing: some scenarios are only played against a
    broker that the run has launched.

    >>> known = {("a", "5.0", ""): ("v5.0:3.3.1-5",)}
    >>> unexamined(known, {("a", "5.0", ""): ("fail", ("v5.0:3.3.1-5",))})
    []
    >>> unexamined(known, {("a", "5.0", ""): ("fail", ("v5.0:3.3.1-6",))})
    ['a (5.0): fail v5.0:3.3.1-6, but examined was a breach of v5.0:3.3.1-5']
    >>> unexamined({}, {("b", "3.1.1", ""): ("fail", ("v3.1.1:4.8.0-1",)), ("c", "5.0", ""): ("warn", ())})
    ['b (3.1.1): fail v3.1.1:4.8.0-1, which nobody has examined']
    >>> unexamined(known, {("a", "5.0", ""): ("pass", ())})
    ['a (5.0): pass, though it is listed as a breach: delete the entry']
    >>> unexamined(known, {("a", "5.0", ""): ("skip", ())})
    []
    """
    lines = []
    for key in sorted(examined.keys() | {key for key, (grade, _) in run.items() if grade == "fail"}):
        grade, broken = run.get(key, (None, ()))
        if grade == "skip":
            continue
        if grade != "fail":
            lines.append(f"{name(key)}: {verdict(run.get(key))}, though it is listed as a breach: delete the entry")
        elif key not in examined:
            lines.append(f"{name(key)}: {verdict(run[key])}, which nobody has examined")
        elif broken != examined[key]:
            lines.append(f"{name(key)}: {verdict(run[key])}, but examined was a breach of {' '.join(examined[key])}")
    return lines


def target(text):
    """The examined breaches of a target file, which has each field on a line of its own.

    >>> target('broker: b\\nversion: "1"\\nexamined: []\\n')
    {}
    >>> target('''broker: b
    ... version: "1"
    ... examined:
    ...   # A comment.
    ...   - scenario: v5.0/a
    ...     version: "5.0"
    ...     variant: qos=1
    ...     broken: [3.3.1-6, 3.3.1-5]
    ...     why: It forgets.
    ... ''')
    {('v5.0/a', '5.0', 'qos=1'): ('v5.0:3.3.1-5', 'v5.0:3.3.1-6')}
    >>> target('examined:\\n  - {scenario: a}')
    Traceback (most recent call last):
    ValueError: line 2 is not written as fixtures/targets/README.md says: - {scenario: a}
    """
    entries = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        field = re.fullmatch(r"(  - |    )(scenario|version|variant|broken|why): (.+)", line)
        if field is None:
            if re.fullmatch(r"(broker|version): .+|examined:( \[\])?", line):
                continue
            raise ValueError(f"line {number} is not written as fixtures/targets/README.md says: {line.strip()}")
        if field[1] == "  - ":
            entries.append({})
        entries[-1][field[2]] = field[3].strip().strip('"')
    return {key_of(entry): labels_of(entry) for entry in entries}


def key_of(entry):
    return (entry["scenario"], entry["version"], entry.get("variant", ""))


def labels_of(entry):
    labels = re.fullmatch(r"\[(.+)\]", entry["broken"])[1].split(",")
    return tuple(sorted(f"v{entry['version']}:{label.strip()}" for label in labels))


def name(key):
    scenario, version, variant = key
    return f"{scenario} ({version}, {variant})" if variant else f"{scenario} ({version})"


def verdict(result):
    return "not played" if result is None else " ".join([result[0], *result[1]])


def load(path):
    with open(path, encoding="utf-8") as file:
        return verdicts(json.load(file))


def main(arguments):
    match arguments:
        case ["same", first, second, *others]:
            runs = [load(path) for path in [first, second, *others]]
            lines, agreed = differences(runs), f"{len(runs)} runs came to the same {len(runs[0])} verdicts"
        case ["examined", path, run]:
            with open(path, encoding="utf-8") as file:
                examined = target(file.read())
            lines, agreed = unexamined(examined, load(run)), f"all failures are examined breaches"
        case _:
            sys.exit(__doc__)
    for line in lines:
        print(line)
    if lines:
        sys.exit(1)
    print(agreed)


if __name__ == "__main__":
    main(sys.argv[1:])
