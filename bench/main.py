"""Runs every measurement and prints the table; ratios and counts are the result, absolute times are context."""

import json
import sys
import tempfile

import measures
import plot
from lab import PREFIX


def row(result):
    verdict = "" if result["limit"] is None else ("ok" if result["value"] <= result["limit"] else "MISSED")
    if result.get("at_least"):
        verdict = "ok" if result["value"] >= result["limit"] else "MISSED"
    limit = "" if result["limit"] is None else f"{'>=' if result.get('at_least') else '<='} {result['limit']:g}"
    return f"{result['what']:<58} {result['value']:>12.4g} {result['unit']:<8} {limit:>10}  {verdict:<7} {result['note']}"


def main():
    results = []
    print(f"{'what':<58} {'measured':>12} {'unit':<8} {'target':>10}")
    for measure in measures.ALL:
        with tempfile.TemporaryDirectory() as directory:
            for result in measure(directory):
                results.append(result)
                print(row(result), flush=True)
    (PREFIX / "bench.json").write_text(json.dumps(results, indent=1) + "\n")
    (PREFIX / "bench.svg").write_text(plot.bars(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
