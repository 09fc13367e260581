#!/usr/bin/env python3
"""usage: ratios.py MEDIANS.tsv RATIOS.tsv > RATIOS.md

Puts wattle beside the best peer of each bench and metric. A peer is what stands before the first
dash of its label ("go-2" is go with two threads); of its labels the best counts, for wattle too.
Nanoseconds and bytes are better when they are smaller, everything else when it is larger.
"""
import sys

OURS = 'wattle'
SMALLER_IS_BETTER = {'ns', 'us', 'ms', 's', 'B'}


def read(path):
    rows, order = {}, []
    with open(path) as file:
        for line in file:
            fields = line.rstrip('\n').split('\t')
            if len(fields) != 5:
                continue
            bench, label, metric, value, unit = fields
            key = (bench, metric, unit)
            if key not in rows:
                rows[key] = {}
                order.append(key)
            rows[key].setdefault(label.split('-')[0], []).append((float(value), label))
    return rows, order


def best(values, unit):
    return min(values) if unit in SMALLER_IS_BETTER else max(values)


def text(value):
    if value >= 100000:
        return f'{value:,.0f}'
    return f'{value:.0f}' if value >= 100 else f'{value:.3g}'


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    rows, order = read(sys.argv[1])
    peers = sorted({peer for row in rows.values() for peer in row if peer != OURS})
    head = ['bench', 'metric', 'unit', OURS, *peers, 'best peer', f'{OURS} / best']
    print('| ' + ' | '.join(head) + ' |')
    print('|' + '---|' * 3 + '---:|' * (len(peers) + 1) + '---|---:|')
    with open(sys.argv[2], 'w') as tsv:
        tsv.write('\t'.join(head) + '\n')
        for bench, metric, unit in order:
            row = rows[bench, metric, unit]
            if OURS not in row:
                continue
            bests = {peer: best(values, unit) for peer, values in row.items()}
            others = [bests[peer] for peer in peers if peer in bests]
            cells = [bench, metric, unit]
            shown = [f'{bests[p][0]:.6g}' if p in bests else '' for p in [OURS, *peers]]
            pretty = [text(bests[p][0]) if p in bests else '-' for p in [OURS, *peers]]
            champion = best(others, unit) if others else None
            tail = ['', '']
            if champion is not None and champion[0] != 0:
                tail = [champion[1], f'{bests[OURS][0] / champion[0]:.2f}']
            tsv.write('\t'.join(cells + shown + tail) + '\n')
            print('| ' + ' | '.join(cells + pretty + tail) + ' |')


main()
