"""Reads the reports of a run with other people's programs: check.py FOLDER, which holds run.json, .xml, .md and .pcapng."""

import json
import pathlib
import subprocess
import sys

import junitparser
import xmlschema

HERE = pathlib.Path(__file__).parent


def junit(folder, results):
    """JUnit: the schema of Jenkins, and the parser of EnricoMi/publish-unit-test-result-action."""
    xmlschema.validate(str(folder / "run.xml"), str(HERE / "junit.xsd"))
    [suite] = junitparser.JUnitXml.fromfile(str(folder / "run.xml"))
    cases = list(suite)
    assert len(cases) == len(results), (len(cases), len(results))
    assert len({(case.classname, case.name) for case in cases}) == len(cases), "a case is not unique"
    properties = {prop.name: prop.value for prop in suite.properties()}
    assert {"mqttspec", "date", "broker", "address", "command"} <= properties.keys(), properties
    failed = [case for case in cases if any(isinstance(it, junitparser.Failure) for it in case.result)]
    assert len(failed) == sum(result["grade"] == "fail" for result in results) > 0
    for case in failed:
        [failure] = case.result
        assert failure.message == failure.text and "expected" in failure.message, failure.message
        assert "what happened" in case.system_out and "mqttspec run" in case.system_out, case.system_out


def markdown(folder, results):
    """Markdown: failures first, and not too long for GitHub."""
    text = (folder / "run.md").read_text(encoding="utf-8")
    assert len(text.encode()) < 1024 * 1024
    assert text.startswith("# ❌ MQTT conformance of ")
    headings = [line for line in text.splitlines() if line.startswith(("## ", "<details><summary>W"))]
    assert headings[0].startswith("## Failures ("), headings
    for result in results:
        if result["grade"] == "fail":
            assert result["title"].split("_")[0].split("'")[0][:12] in text, result["title"]


def capture(folder, results):
    """pcapng: Wireshark sees MQTT without being told, and the comments."""
    fields = ["frame.number", "frame.interface_name", "frame.comment", "mqtt.msgtype"]
    command = ["tshark", "-r", str(folder / "run.pcapng"), "-T", "fields", "-E", "separator=\x1f"]
    command += [word for field in fields for word in ("-e", field)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split("\x1f") for line in output.splitlines()]
    assert sum(bool(kinds) for *_, kinds in rows) > 1000, "hardly anything is MQTT"
    assert len({interface for _, interface, *_ in rows}) > 10
    titles = [comment for _, _, comment, _ in rows if comment.startswith("scenario ")]
    for result in results:
        variant = f", {result['variant']}" if result["variant"] else ""
        start = f"scenario {result['scenario']}, MQTT {result['version']}{variant}: {result['grade']} ("
        if result["evidence"] and start.isascii() and start.isprintable():
            assert any(title.startswith(start) for title in titles), start
    assert any("expected" in comment and "observed" in comment for _, _, comment, _ in rows)


def main():
    folder = pathlib.Path(sys.argv[1])
    results = json.loads((folder / "run.json").read_text(encoding="utf-8"))["results"]
    for check in (junit, markdown, capture):
        check(folder, results)
        print(check.__doc__)


if __name__ == "__main__":
    main()
