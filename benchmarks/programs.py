"""Public programs that use gensim, run with gensim and with firth in its place. Prints a Markdown table.

    python benchmarks/programs.py --data DIR [--with gensim|firth|both] [--programs NAME ...] [--runs 3] [--out FILE]
                                  [--python PATH] [--karateclub-tests DIR]

The programs must be installed, with gensim and with firth, in one environment: programs.txt says how. --python is its
interpreter. DIR holds items/cora.planetoid.edges and .labels, items/karate.edgelist and public.raw.txt.xz; without it
each program makes a small input of its own. clients.py says what each program does and what its quality is.

Each run of a program is a process of its own and calls the program R + 1 times; the first call is not counted, since it
compiles or reads compiled code. `seconds` is the median of the whole calls, the program's own Python included, and
`in gensim` that of the time inside the models of gensim or firth. The ratios are gensim's seconds by firth's. The same
worker count, one, goes to both.

--karateclub-tests is the folder `test` of karateclub's repository; the package on PyPI has one test only. Each test
runs under both libraries; the lists name those that fail.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import clients

Job = dict[str, Any]

ALIAS = "import sys, firth.gensim; sys.modules['gensim'] = firth.gensim; "
"""What runs before a program that firth serves."""


def client(job: Job, python: str) -> Job:
    """What a program reports, or its error."""
    done = subprocess.run([python, clients.__file__, json.dumps(job)], capture_output=True, text=True)
    if done.returncode:
        return job | {"error": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:200]}
    result: Job = json.loads(done.stdout.splitlines()[-1])
    return result


def suite(folder: Path, library: str, python: str) -> Job:
    """The tests of a folder that pass and that fail."""
    alias = ALIAS if library == "firth" else "import sys; "
    files = sorted(map(str, folder.glob("*test*.py")))
    with tempfile.TemporaryDirectory() as name:
        report = Path(name, "report.xml")
        code = alias + "import pytest; sys.exit(pytest.main(sys.argv[1:]))"
        options = ["-q", "-p", "no:cacheprovider", f"--rootdir={folder}", "-c", "/dev/null", f"--junitxml={report}"]
        done = subprocess.run([python, "-c", code, *options, *files], capture_output=True, text=True, cwd=folder)
        if not report.exists():
            return {"error": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:200]}
        from xml.etree import ElementTree

        cases = ElementTree.parse(report).getroot().iter("testcase")
        passed = {case.get("name", ""): case.find("failure") is None and case.find("error") is None for case in cases}
    return {
        "passed": sorted(n for n, ok in passed.items() if ok),
        "failed": sorted(n for n, ok in passed.items() if not ok),
    }


def table(reports: list[Job]) -> None:
    print("| program | measure | chance | library | quality | seconds | ratio | in gensim, s | ratio |")
    print("|---" * 9 + "|")
    for name in dict.fromkeys(report["name"] for report in reports):
        first: Job = {}
        for report in (report for report in reports if report["name"] == name):
            if "error" in report:
                print(f"| {name} | | | {report['with']} | {report['error'].replace('|', ' ')} | | | | |")
                continue
            whole, model = (statistics.median(report[key]) for key in ("seconds", "model_seconds"))
            quality = f"{report['quality']:.3f}"
            if "quality at 10 %" in report:
                quality += f" (10 %: {report['quality at 10 %']:.3f})"
            same = "answer" in first and report.get("answer") == first["answer"]
            cells = [
                name,
                report["measure"],
                f"{report['chance']:.3f}",
                report["with"],
                quality + ", same answers" * same,
            ]
            for key, seconds in (("seconds", whole), ("model_seconds", model)):
                ratio = f"{statistics.median(first[key]) / seconds:.1f}" if first else "–"
                cells += [f"{seconds:.2f}", ratio]
            print(f"| {' | '.join(cells)} |")
            if report["with"] == "gensim":
                first = report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--with", dest="library", default="both", choices=["gensim", "firth", "both"])
    parser.add_argument(
        "--programs", nargs="+", default=list(clients.PROGRAMS), choices=clients.PROGRAMS, metavar="NAME"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the raw numbers to this file, after every program")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--karateclub-tests", type=Path, metavar="DIR")
    options = parser.parse_args()
    libraries = ["gensim", "firth"] if options.library == "both" else [options.library]
    data = None if options.data is None else str(options.data.resolve())

    reports: list[Job] = []
    suites: dict[str, Job] = {}
    for program in options.programs:
        for model in clients.MODELS.get(program, (None,)):
            name = f"{program} {model}" if model else program
            for library in libraries:
                job = {"program": program, "model": model, "with": library, "data": data, "runs": options.runs + 1}
                report = {"name": name} | client(job, options.python)
                for key in ("seconds", "model_seconds"):
                    if key in report:
                        report[key] = report[key][1:]
                reports.append(report)
                told = {key: value for key, value in report.items() if key not in ("answer", "data", "runs")}
                print(json.dumps(told), file=sys.stderr, flush=True)
                if options.out:
                    options.out.write_text(json.dumps({"programs": reports}, indent=1))
    table(reports)
    for library in libraries if options.karateclub_tests else []:
        suites[library] = suite(options.karateclub_tests.resolve(), library, options.python)
        found = suites[library]
        line = (
            found.get("error")
            or f"{len(found['passed'])} pass, {len(found['failed'])} fail: {', '.join(found['failed'])}"
        )
        print(f"\nkarateclub's own tests with {library}: {line}")
    if options.out:
        options.out.write_text(json.dumps({"programs": reports, "karateclub tests": suites}, indent=1))


if __name__ == "__main__":
    main()
