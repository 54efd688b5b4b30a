// Makes the reports that the page is tested with out of the report of a real run: node inputs.mjs REPORT FOLDER
import { readFileSync, writeFileSync } from "node:fs";

const [from, folder] = process.argv.slice(2);
const real = JSON.parse(readFileSync(from, "utf8"));
const RUNS = 1500;
const BROKERS = 6;

// As many runs as the largest suite that the page has to bear, each with a scenario of its own.
function large(number) {
  const report = structuredClone(real);
  report.provenance.broker = { name: `broker ${number}`, version: "1.0" };
  report.results = [];
  for (let index = 0; index < RUNS; index++) {
    const result = structuredClone(real.results[index % real.results.length]);
    result.scenario += `-${index}`;
    report.results.push(result);
  }
  report.scenarios = Object.fromEntries(
    report.results.map(({ scenario }) => [scenario, real.scenarios[scenario.replace(/-\d+$/, "")] ?? ""]),
  );
  return report;
}
for (let number = 1; number <= BROKERS; number++) {
  writeFileSync(`${folder}/large-${number}.json`, JSON.stringify(large(number)));
}

// Every text that a broker has a say in.
const TRICK = "</script><script>window.hacked=1</script><img src=http://127.0.0.1:9/x onerror=window.hacked=1>\u001b[2J\u202e\"'`${1}";
const hostile = structuredClone(real);
hostile.target.address = TRICK;
hostile.target.missing = { [TRICK]: TRICK };
hostile.results = hostile.results.filter(({ grade }) => grade === "fail").slice(0, 4);
for (const result of hostile.results) {
  for (const finding of result.findings) finding.observed = TRICK + "x".repeat(2_000_000);
  for (const event of result.evidence) {
    event.client = TRICK;
    if (event.summary) event.summary = TRICK + "y".repeat(100_000);
    if (event.fault) event.fault = TRICK;
  }
}
writeFileSync(`${folder}/hostile.json`, JSON.stringify(hostile));
