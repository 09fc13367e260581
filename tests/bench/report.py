#!/usr/bin/env python3
"""usage: report.py RESULTS COMMAND [DOCS]

Reads what the benches of a run printed: RESULTS/RUNTIME.tsv, a line for each run of
bench<TAB>label<TAB>metric<TAB>value<TAB>unit. A runtime is what stands before the first dash of a
label ("go-2" is go with two threads); of its labels the one with the best median counts.

Prints the table: wattle's median with minimum and maximum, the peers' medians, and the ratio to
the best peer. Nanoseconds and bytes are better when they are smaller, everything else when it is
larger.
Writes RESULTS/ratios.tsv, and the ratios as a chart, RESULTS/ratios.svg. With DOCS, a folder, the
table goes into its benchmarks.md, between the lines "<!-- run -->" and "<!-- end of run -->", under
the machine and COMMAND, and the chart beside it, as benchmarks.svg.
"""
import math
import os
import platform
import re
import statistics
import subprocess
import sys

OURS = 'wattle'
RUNTIMES = [OURS, 'erlang', 'caf', 'go', 'nats']
SMALLER_IS_BETTER = {'ns', 'us', 'ms', 's', 'B'}
VERSIONS = {
    'gcc': ['gcc', '-dumpfullversion'],
    'Erlang/OTP': ['erl', '-noshell', '-eval',
                   'io:put_chars(erlang:system_info(otp_release)), halt().'],
    'CAF': ['dpkg-query', '-W', '-f', '${Version}', 'libcaf-dev'],
    'Go': ['go', 'env', 'GOVERSION'],
    'nats-server': ['nats-server', '--version'],
}


def read(folder):
    """{(bench, metric, unit): {label: [values]}}, in the order in which they were measured."""
    rows = {}
    for runtime in RUNTIMES:
        path = os.path.join(folder, runtime + '.tsv')
        if not os.path.exists(path):
            continue
        with open(path) as file:
            for line in file:
                fields = line.rstrip('\n').split('\t')
                if len(fields) == 5:
                    bench, label, metric, value, unit = fields
                    row = rows.setdefault((bench, metric, unit), {})
                    row.setdefault(label, []).append(float(value))
    return rows


def best(row, runtime, unit):
    """(label, values) of that runtime with the best median; None when it has none."""
    labels = [(statistics.median(values), label) for label, values in row.items()
              if label.split('-')[0] == runtime]
    if not labels:
        return None
    label = (min if unit in SMALLER_IS_BETTER else max)(labels)[1]
    return label, row[label]


def text(value):
    for size, letter in ((1e9, 'G'), (1e6, 'M'), (1e4, 'k')):
        if value >= size:
            return f'{value / (1e3 if letter == "k" else size):.3g} {letter}'
    return f'{value:.0f}' if value >= 100 else f'{value:.3g}'


def compare(rows):
    """[bench, metric, unit, {runtime: (label, values)}, best peer, ratio] for what we have."""
    result = []
    for (bench, metric, unit), row in rows.items():
        found = {runtime: best(row, runtime, unit) for runtime in RUNTIMES}
        if found[OURS] is None:
            continue
        peers = [(statistics.median(it[1]), runtime) for runtime, it in found.items()
                 if it is not None and runtime != OURS]
        champion = (min if unit in SMALLER_IS_BETTER else max)(peers) if peers else None
        ratio = None
        if champion is not None and champion[0] > 0:
            ratio = statistics.median(found[OURS][1]) / champion[0]
        result.append([bench, metric, unit, found, champion[1] if champion else '', ratio])
    return result


def table(result):
    shown = [r for r in RUNTIMES if any(row[3][r] is not None for row in result)]
    lines = ['| bench | metric | unit | ' + ' | '.join(shown) + ' | best peer | wattle / best |',
             '|' + '---|' * 3 + '---:|' * len(shown) + '---|---:|']
    for bench, metric, unit, found, champion, ratio in result:
        cells = [bench, metric, unit]
        for runtime in shown:
            if found[runtime] is None:
                cells.append('-')
                continue
            values = found[runtime][1]
            cell = text(statistics.median(values))
            if runtime == OURS and len(values) > 1:
                cell += f' ({text(min(values))} to {text(max(values))})'
            cells.append(cell)
        cells += [champion, f'{ratio:.2f}' if ratio is not None else '']
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def chart(result):
    """How many times better than the best peer, on a logarithmic scale; 1 is a line."""
    bars = [(f'{bench} {metric}', 1 / ratio if unit in SMALLER_IS_BETTER else ratio, champion)
            for bench, metric, unit, _, champion, ratio in result if ratio]
    left, wide, high = 230, 480, 18
    low = min([0.5] + [value for _, value, _ in bars])
    top = max([2] + [value for _, value, _ in bars])

    def at(value):
        return left + wide * math.log(value / low) / math.log(top / low)

    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + wide + 110}" '
             f'height="{high * (len(bars) + 2)}" font-family="sans-serif" font-size="11">',
             f'<text x="{at(1):.0f}" y="12" text-anchor="middle">as the best peer</text>']
    for i, (name, value, champion) in enumerate(bars):
        y = high * (i + 1)
        x, width = min(at(1), at(value)), abs(at(value) - at(1))
        colour = '#2a7' if value >= 1 else '#c63'
        lines.append(f'<text x="{left - 6}" y="{y + 12}" text-anchor="end">{name}</text>')
        lines.append(f'<rect x="{x:.1f}" y="{y + 2}" width="{max(width, 1):.1f}" height="13" '
                     f'fill="{colour}"/>')
        lines.append(f'<text x="{max(at(1), at(value)) + 4:.1f}" y="{y + 12}">'
                     f'{value:.2g} x {champion}</text>')
    lines.append(f'<line x1="{at(1):.1f}" x2="{at(1):.1f}" y1="16" y2="{high * (len(bars) + 1)}" '
                 'stroke="#333"/>')
    return '\n'.join(lines + ['</svg>']) + '\n'


def version(command):
    try:
        words = subprocess.run(command, capture_output=True, text=True, timeout=20).stdout
    except OSError:
        return ''
    found = re.search(r'\d+(\.\d+)*', words)
    return found.group(0) if found else ''


def machine():
    with open('/proc/cpuinfo') as file:
        model = re.search(r'model name\s*: (.*)', file.read())
    system = platform.freedesktop_os_release().get('PRETTY_NAME', platform.system())
    versions = [f'{name} {found}' for name, command in VERSIONS.items()
                if (found := version(command))]
    return (f'{os.cpu_count()} processors ({model.group(1) if model else platform.machine()}), '
            f'{system}; {", ".join(versions)}.')


def into_docs(docs, command, lines, svg):
    path = os.path.join(docs, 'benchmarks.md')
    with open(path) as file:
        page = file.read()
    begin, end = '<!-- run -->\n', '<!-- end of run -->'
    if begin not in page or end not in page:
        sys.exit(f'report.py: {path} has no "{begin.strip()}" and "{end}" to write between')
    body = (f'\n{machine()}\n\n    {command}\n\nMedian, and for wattle (minimum to maximum), of '
            f'each runtime at the best of its configurations.\n\n{lines}\n'
            '![ratios](benchmarks.svg)\n\n')
    head, rest = page.split(begin, 1)
    with open(path, 'w') as file:
        file.write(head + begin + body + end + rest.split(end, 1)[1])
    with open(os.path.join(docs, 'benchmarks.svg'), 'w') as file:
        file.write(svg)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    folder, command = sys.argv[1:3]
    result = compare(read(folder))
    lines, svg = table(result), chart(result)
    with open(os.path.join(folder, 'ratios.tsv'), 'w') as file:
        for bench, metric, unit, found, champion, ratio in result:
            medians = [f'{statistics.median(found[r][1]):.6g}' if found[r] else ''
                       for r in RUNTIMES]
            ratio = f'{ratio:.3f}' if ratio is not None else ''
            file.write('\t'.join([bench, metric, unit, *medians, champion, ratio]) + '\n')
    with open(os.path.join(folder, 'ratios.svg'), 'w') as file:
        file.write(svg)
    if len(sys.argv) == 4:
        into_docs(sys.argv[3], command, lines, svg)
    print(lines, end='')


main()
